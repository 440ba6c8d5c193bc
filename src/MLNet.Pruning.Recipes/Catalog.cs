using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Recipes;

/// <summary>The methods of ML.NET's catalogs, and of this library's extensions of them, that a recipe can call by their names.</summary>
static class Catalog
{
    const BindingFlags Instance = BindingFlags.Public | BindingFlags.Instance;

    static readonly Lazy<MethodInfo[]> extensions = new(() =>
    [
        .. new[] { typeof(TextLoader), typeof(NormalizationCatalog), typeof(ImageEstimatorsCatalog), typeof(TokenMergingCatalog),
            typeof(PruningTrainerCatalog) }
            .Select(type => type.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.IsAbstract && type.IsSealed && type.Namespace == typeof(MLContext).Namespace)
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(method => method.IsDefined(typeof(ExtensionAttribute)) && !method.IsGenericMethod
                && !method.IsDefined(typeof(ObsoleteAttribute))),
    ]);

    /// <summary>Loaders of data: <c>mlContext.Data.LoadMnist</c> and the like.</summary>
    public static IReadOnlyList<Maker> Loaders { get; } = Of(typeof(IDataView), typeof(DataOperationsCatalog));

    /// <summary>Transforms: those of <c>mlContext.Transforms</c> and of the catalogs in it, but not the trainer among them.</summary>
    public static IReadOnlyList<Maker> Transforms { get; } =
    [
        .. Of(typeof(IEstimator<ITransformer>), [typeof(TransformsCatalog), .. Inner(typeof(TransformsCatalog))])
            .Where(maker => maker.Name != nameof(PruningTransformsCatalog.PrunedVae)),
    ];

    /// <summary>Trainers by task; the autoencoder has none.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Maker>> Trainers { get; } = new Dictionary<string, IReadOnlyList<Maker>>
    {
        ["Multiclass"] = OurTrainers(typeof(MulticlassClassificationCatalog.MulticlassClassificationTrainers)),
        ["Binary"] = OurTrainers(typeof(BinaryClassificationCatalog.BinaryClassificationTrainers)),
        ["Regression"] = OurTrainers(typeof(RegressionCatalog.RegressionTrainers)),
        ["None"] = OurTrainers(typeof(TransformsCatalog)),
    };

    static Maker[] OurTrainers(Type catalog) => [.. Of(typeof(IEstimator<ITransformer>), catalog)
        .Where(maker => typeof(PrunedTrainerOptions).IsAssignableFrom(maker.Options?.ParameterType))];

    static Maker[] Of(Type result, params Type[] catalogs) =>
    [
        .. extensions.Value.Where(method => catalogs.Contains(method.GetParameters()[0].ParameterType)
            && result.IsAssignableFrom(method.ReturnType))
            .Select(method => Maker.OfMethod(method, skip: 1)).OfType<Maker>().OrderBy(maker => maker.Name, StringComparer.Ordinal),
    ];

    static IEnumerable<Type> Inner(Type catalog) => catalog.GetProperties(Instance).Select(property => property.PropertyType);

    /// <summary>The catalog that a method extends, as an expression such as <c>mlContext.Transforms.Conversion</c>.</summary>
    public static Expression Target(Maker maker, Expression mlContext)
    {
        var catalog = ((MethodInfo)maker.Source).GetParameters()[0].ParameterType;
        return Find(mlContext, 2) ?? throw new NotSupportedException($"MLContext has no {catalog.Name}.");

        Expression? Find(Expression from, int depth) => from.Type == catalog ? from
            : depth == 0 ? null
            : from.Type.GetProperties(Instance).Where(property => property.GetIndexParameters().Length == 0)
                .Select(property => Find(Expression.Property(from, property), depth - 1)).FirstOrDefault(found => found is not null);
    }
}
