using System.Linq.Expressions;
using Microsoft.ML;

namespace MLNet.Pruning.Recipes;

/// <summary>
/// A pipeline as a YAML or JSON file: data, transforms, a trainer with all of its options and pruning, and what comes of it. The keys are
/// the names of the C# API in camel case.
/// </summary>
public sealed class Recipe
{
    const string Seed = "seed", Data = "data", Transforms = "transforms", Trainer = "trainer", After = "after", Output = "output";

    /// <summary>The sections of a recipe, in the order in which they are usually written.</summary>
    internal static IReadOnlyList<string> Sections { get; } = [Seed, Data, Transforms, Trainer, After, Output];

    readonly RecipeMap root;
    readonly string source;

    Recipe(RecipeNode node, string source, string folder)
    {
        this.source = source;
        root = Keys(node, "the recipe", Sections);
        var mlContext = Expression.Parameter(typeof(MLContext), "mlContext");
        var binder = new Binder(mlContext, folder);
        RandomSeed = root.Find(Seed) is { } seed ? (int?)((ConstantExpression)binder.Bind(seed.Value, typeof(int?), Seed)).Value : null;
        Program = new RecipeProgram(mlContext);
        Program.Load(Required(root, Data), binder, RandomSeed);
        Program.Prepare(Steps(Transforms, binder));
        Program.Train(Required(root, Trainer), binder);
        Program.Then(Steps(After, binder));
        Outputs = root.Find(Output) is { } output
            ? (RecipeOutput)Values.Of(binder.Bind(output.Value, typeof(RecipeOutput), Output))!
            : new();
    }

    /// <summary>The recipe as it was read, with all settings.</summary>
    internal RecipeMap Root => root;

    internal RecipeProgram Program { get; }

    /// <summary>The seed of the MLContext, and so of everything random; null for another one in each run.</summary>
    public int? RandomSeed { get; }

    /// <summary>What a run of the recipe writes, and where.</summary>
    public RecipeOutput Outputs { get; }

    /// <summary>Reads a recipe. Paths in it are relative to its folder.</summary>
    /// <param name="file">The YAML or JSON file.</param>
    /// <param name="settings">Values in place of those of the file, such as <c>trainer.epochs=20</c>.</param>
    /// <exception cref="RecipeException">The file says something that cannot be done; the message says where, and what can.</exception>
    public static Recipe Load(string file, params IEnumerable<string> settings)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(settings);
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return new(settings.Aggregate(RecipeText.ReadFile(file), RecipeText.With), file, folder);
    }

    /// <summary>Reads a recipe from text.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="folder">The folder that paths in it are relative to; null for the current one.</param>
    /// <exception cref="RecipeException">The text says something that cannot be done.</exception>
    public static Recipe Parse(string text, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(RecipeText.Read(text, "recipe"), "recipe", Path.GetFullPath(folder ?? "."));
    }

    /// <summary>Opens the data and makes the pipeline.</summary>
    /// <param name="mlContext">The context; its own seed counts, not the recipe's.</param>
    /// <exception cref="RecipeException">Data are missing, or an option is wrong.</exception>
    public RecipePipeline Build(MLContext mlContext) => Build(mlContext, new Dictionary<string, object?>());

    /// <param name="mlContext">The context.</param>
    /// <param name="options">Options of the trainer, by name, for what a recipe cannot say.</param>
    internal RecipePipeline Build(MLContext mlContext, IReadOnlyDictionary<string, object?> options)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return new RecipePipeline(this, mlContext.UsePruning(), options);
    }

    /// <summary>The section of the data, as text that tells it from others.</summary>
    internal string DataText => Required(root, Data).ToText();

    /// <summary>A C# program that does what the recipe says.</summary>
    /// <param name="folder">The folder that it will run in, to which its paths are relative; null for the current one.</param>
    public string ToCode(string? folder = null) => RecipeCode.Write(this, Path.GetFullPath(folder ?? "."));

    RecipeMap Required(RecipeMap map, string key) => map.Find(key) is { } entry
        ? entry.Value as RecipeMap ?? (entry.Value is RecipeScalar { IsNull: false } name
            ? new([new(Binder.TypeKey, name.Place, name)], name.Place)
            : throw new RecipeException(entry.Value.Place, $"{key} is {entry.Value.Kind}; wanted keys."))
        : throw new RecipeException(new(source, 0, 0), $"The recipe has no '{key}'.");

    IEnumerable<(RecipeNode Node, Expression Step)> Steps(string section, Binder binder)
    {
        var value = root.Find(section)?.Value;
        var items = value switch
        {
            null or RecipeScalar { IsNull: true } => [],
            RecipeList list => list.Items,
            var one => [one],
        };
        return items.Select(item => (item, binder.MakeNamed(
            item, Catalog.Transforms, section, maker => Catalog.Target(maker, binder.MLContext))));
    }

    /// <summary>A node as a map that has no keys but these.</summary>
    internal static RecipeMap Keys(RecipeNode node, string what, IReadOnlyCollection<string> known)
    {
        var map = node as RecipeMap ?? throw new RecipeException(node.Place,
            $"{what} is {node.Kind}; wanted the keys {string.Join(", ", known)}.");
        return map.Entries.FirstOrDefault(entry => !known.Any(entry.Is)) is { } unknown
            ? throw RecipeException.UnknownName(unknown.Place, $"{what} has no key", unknown.Key, known)
            : map;
    }
}

/// <summary>What a run of a recipe writes.</summary>
public sealed record RecipeOutput
{
    /// <summary>The folder of the run; null for one beside the recipe, with the recipe's name.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether to write an ONNX file beside model.zip.</summary>
    public bool Onnx { get; init; }

    /// <summary>Whether to write report.html.</summary>
    public bool Report { get; init; } = true;
}
