using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// The members of ML.NET that another library needs and that are not public (dotnet/machinelearning, issues 4911 and
/// 6839). Every use of one goes through here, found by its real name; one that is missing is named, together with the
/// version of ML.NET that lacks it and what to do instead. Found on Microsoft.ML 5.0.1.
/// </summary>
static class Doors
{
    const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    const string SaveInstead = "To keep the model without mlContext.Model, call PrunedModelTransformer.WriteTo(stream), and PrunedModelTransformer.ReadFrom(mlContext, stream) to get it back";
    const string MakeInstead = "Use the constructor that takes the MLContext, such as new PrunedFeedForwardTrainer(mlContext, options)";
    const string FitInstead = "Fit and Transform do not need it: fit the estimators one by one instead of asking for their output schema";

    static readonly Assembly Inside = typeof(ModelSaveContext).Assembly;
    static readonly ConditionalWeakTable<ComponentCatalog, HashSet<string>> Registered = [];

    /// <summary>A column of a schema shape: <c>new SchemaShape.Column(name, kind, itemType, isKey, annotations)</c>.</summary>
    public static SchemaShape.Column Column(string name, SchemaShape.Column.VectorKind kind, DataViewType itemType, bool isKey = false, SchemaShape? annotations = null)
    {
        var constructor = Constructor(
            typeof(SchemaShape.Column),
            [typeof(string), typeof(SchemaShape.Column.VectorKind), typeof(DataViewType), typeof(bool), typeof(SchemaShape)],
            "saying which columns an estimator adds",
            FitInstead);
        return (SchemaShape.Column)Call(() => constructor.Invoke([name, kind, itemType, isKey, annotations]))!;
    }

    /// <summary>The environment that a catalog (<c>mlContext.Transforms</c>, a <c>Trainers</c>) was made for.</summary>
    public static IHostEnvironment EnvironmentOf(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var type = catalog.GetType().GetInterfaces().FirstOrDefault(type => type.Name == "IInternalCatalog")
            ?? throw Missing($"interface IInternalCatalog on {catalog.GetType().Name}", "making a component from a catalog", MakeInstead);
        var property = Property(type, "Environment", "making a component from a catalog", MakeInstead);
        return (IHostEnvironment)Call(() => property.GetValue(catalog))!;
    }

    /// <summary>What the user set on <see cref="MLContext"/>: the GPU to use if any, and whether a CPU will do where there is none.</summary>
    public static (int? GpuDeviceId, bool FallbackToCpu) Settings(IHostEnvironment environment)
    {
        const string Purpose = "following MLContext.GpuDeviceId and FallbackToCpu";
        const string Instead = "Set Device in the trainer's options";
        var type = Type("Microsoft.ML.Runtime.IHostEnvironmentInternal", Purpose, Instead);
        if (!type.IsInstanceOfType(environment))
            throw Missing($"interface {type.Name} on {environment.GetType().Name}", Purpose, Instead);
        object? Get(string name)
        {
            var property = Property(type, name, Purpose, Instead);
            return Call(() => property.GetValue(environment));
        }
        return ((int?)Get("GpuDeviceId"), (bool)Get("FallbackToCpu")!);
    }

    /// <summary>
    /// Marks what <paramref name="context"/> saves as loadable by <paramref name="loaderName"/>, and writes a stream beside its header.
    /// </summary>
    public static void Save(ModelSaveContext context, string signature, uint version, string loaderName, string streamName, Action<BinaryWriter> write)
    {
        const string Purpose = "saving a pruned model";
        var versionType = Type("Microsoft.ML.VersionInfo", Purpose, SaveInstead);
        var versionConstructor = Constructor(
            versionType,
            [typeof(string), typeof(uint), typeof(uint), typeof(uint), typeof(string), typeof(string), typeof(string)],
            Purpose,
            SaveInstead);
        var setVersion = Method(typeof(ModelSaveContext), "SetVersionInfo", [versionType], Purpose, SaveInstead);
        var saveStream = Method(typeof(ModelSaveContext), "SaveBinaryStream", [typeof(string), typeof(Action<BinaryWriter>)], Purpose, SaveInstead);
        Call(() =>
        {
            object info = versionConstructor.Invoke([signature, version, version, version, typeof(Doors).Assembly.FullName, loaderName, null]);
            setVersion.Invoke(context, [info]);
            return saveStream.Invoke(context, [streamName, write]);
        });
    }

    /// <summary>Reads the stream that <see cref="Save"/> wrote; <paramref name="context"/> is what ML.NET hands to a loader.</summary>
    /// <exception cref="InvalidDataException">The header asks for a reader of a later version, or there is no such stream.</exception>
    public static void Load(object context, uint version, string loaderName, string streamName, Action<BinaryReader> read)
    {
        const string Purpose = "loading a pruned model";
        object header = Field(context.GetType(), "Header", Purpose, SaveInstead).GetValue(context)!;
        uint readable = (uint)Field(header.GetType(), "ModelVerReadable", Purpose, SaveInstead).GetValue(header)!;
        if (readable > version)
            throw new InvalidDataException($"The model's part '{loaderName}' is of version {Number(readable)}; this MLNet.Pruning reads versions up to {Number(version)}. A later MLNet.Pruning saved it: update this one.");
        var load = Method(context.GetType(), "TryLoadBinaryStream", [typeof(string), typeof(Action<BinaryReader>)], Purpose, SaveInstead);
        if (!(bool)Call(() => load.Invoke(context, [streamName, read]))!)
            throw new InvalidDataException($"The model has no stream '{streamName}': it is cut short, or was not saved by MLNet.Pruning.");
    }

    /// <summary>
    /// Makes <c>mlContext.Model.Load</c> call <paramref name="create"/> (a static method of the environment and the load
    /// context) for models saved for <paramref name="loaderName"/>. ML.NET finds loaders by an attribute that only its own
    /// assemblies can write; this enters the same record by hand. Doing so twice does nothing.
    /// </summary>
    public static void Register(ComponentCatalog catalog, string loaderName, MethodInfo create)
    {
        const string Purpose = "registering the loader of pruned models";
        var signature = Type("Microsoft.ML.SignatureLoadModel", Purpose, SaveInstead);
        var attributeType = Type("Microsoft.ML.LoadableClassAttribute", Purpose, SaveInstead);
        var attributeConstructor = Constructor(
            attributeType,
            [typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])],
            Purpose,
            SaveInstead);
        var infoType = Type("Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo", Purpose, SaveInstead);
        var infoConstructor = Constructor(
            infoType,
            [attributeType.BaseType!, typeof(MethodInfo), typeof(ConstructorInfo), typeof(MethodInfo), typeof(bool)],
            Purpose,
            SaveInstead);
        var add = Method(typeof(ComponentCatalog), "AddClass", [infoType, typeof(string[]), typeof(bool)], Purpose, SaveInstead);
        var gate = Field(typeof(ComponentCatalog), "_lock", Purpose, SaveInstead);

        lock (gate.GetValue(catalog)!)
        {
            if (Registered.GetOrCreateValue(catalog).Add(loaderName))
            {
                Call(() =>
                {
                    string[] names = [loaderName];
                    object attribute = attributeConstructor.Invoke([create.ReturnType, null, signature, loaderName, names]);
                    object info = infoConstructor.Invoke([attribute, null, null, new UnwrappedMethod(create), true]);
                    return add.Invoke(catalog, [info, names, true]);
                });
            }
        }
    }

    /// <summary>
    /// Lets what a loader throws come out of <c>mlContext.Model.Load</c> as it is. ML.NET calls the loaders of its chains by reflection, each of
    /// which would put "Exception has been thrown by the target of an invocation" or "Error during class instantiation" on top.
    /// </summary>
    public static void Unwrap(ComponentCatalog catalog)
    {
        const string Purpose = "loading pruned models";
        var infoType = Type("Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo", Purpose, SaveInstead);
        var (type, create) = (Property(infoType, "Type", Purpose, SaveInstead), Property(infoType, "CreateMethod", Purpose, SaveInstead));
        var field = Field(infoType, $"<{create.Name}>k__BackingField", Purpose, SaveInstead);
        var all = Method(typeof(ComponentCatalog), "GetAllClasses", [], Purpose, SaveInstead);
        var gate = Field(typeof(ComponentCatalog), "_lock", Purpose, SaveInstead);
        lock (gate.GetValue(catalog)!)
        {
            if (!Registered.GetOrCreateValue(catalog).Add(nameof(Unwrap)))
                return;
            catalog.RegisterAssembly(typeof(TransformerChain<>).Assembly);
            foreach (object info in (Array)Call(() => all.Invoke(catalog, null))!)
            {
                var loaded = (Type)type.GetValue(info)!;
                if (loaded.IsGenericType && (loaded.GetGenericTypeDefinition() == typeof(TransformerChain<>) || loaded.GetGenericTypeDefinition() == typeof(CompositeDataLoader<,>))
                    && create.GetValue(info) is MethodInfo method)
                    field.SetValue(info, new UnwrappedMethod(method));
            }
        }
    }

    internal static Type Type(string name, string purpose, string instead) =>
        Inside.GetType(name) ?? throw Missing($"type {name}", purpose, instead);

    internal static ConstructorInfo Constructor(Type type, Type[] parameters, string purpose, string instead) =>
        type.GetConstructor(Any & ~BindingFlags.Static, parameters) ?? throw Missing($"constructor {type.FullName}({Names(parameters)})", purpose, instead);

    internal static MethodInfo Method(Type type, string name, Type[] parameters, string purpose, string instead) =>
        type.GetMethod(name, Any, parameters) ?? throw Missing($"method {type.FullName}.{name}({Names(parameters)})", purpose, instead);

    internal static PropertyInfo Property(Type type, string name, string purpose, string instead) =>
        type.GetProperty(name, Any) ?? throw Missing($"property {type.FullName}.{name}", purpose, instead);

    internal static FieldInfo Field(Type type, string name, string purpose, string instead) =>
        type.GetField(name, Any) ?? throw Missing($"field {type.FullName}.{name}", purpose, instead);

    static NotSupportedException Missing(string member, string purpose, string instead)
    {
        string version = Inside.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Inside.GetName().Version?.ToString() ?? "of unknown version";
        return new NotSupportedException(
            $"{purpose[..1].ToUpperInvariant()}{purpose[1..]} needs the {member}, which {Inside.GetName().Name} {version} does not have (Microsoft.ML 5.0.1 does). {instead}.");
    }

    static string Number(uint version) => $"{version >> 16}.{version & 0xFFFF}";

    static string Names(Type[] types) => string.Join(", ", types.Select(type => type.Name));

    /// <summary>What goes wrong behind a door is thrown as it was, not wrapped by reflection.</summary>
    static object? Call(Func<object?> call)
    {
        try
        {
            return call();
        }
        catch (TargetInvocationException wrapped) when (wrapped.InnerException is { } cause)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }
}
