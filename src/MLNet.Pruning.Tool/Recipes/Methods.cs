using System.Globalization;
using MLNet.Pruning.Recipes;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>A way to prune, as settings of a recipe. What the recipe says of when and how much stays as it is.</summary>
/// <param name="Name">What one calls it.</param>
/// <param name="Settings">Values in place of the recipe's, for a seed.</param>
internal sealed record Method(string Name, Func<int, IReadOnlyList<string>> Settings)
{
    internal const string Dense = "dense", Recipe = "recipe";

    Method(string name, params string[] settings)
        : this(name, _ => settings)
    {
    }

    static readonly Method[] always = [new(Dense, "trainer.pruning=null"), new(Recipe)];

    static readonly Method[] neurons =
    [
        Neurons("random", seed => $"{{ type: RandomImportance, seed: {seed} }}"),
        Neurons("magnitude", _ => "WeightNorm"),
        Neurons("rank", _ => "{ type: Contribution, average: 0.5, maximum: 0.5 }"),
        Neurons("taylor", _ => "Taylor"),
        Neurons("lrp", _ => "Lrp"),
        Neurons("mean", _ => "ActivationMean"),
        Neurons("apoz", _ => "Apoz"),
    ];

    static readonly Method[] weights =
    [
        Weights("random", seed => $"{{ type: RandomScores, seed: {seed} }}", "Largest", "Persistent"),
        Weights("dynamic", _ => "Magnitude", "Largest", "Persistent"),
        Weights("frozen", _ => "Magnitude", "Largest", "Frozen"),
        Weights("gradient", _ => "MagnitudeTimesGradient", "Largest", "Persistent"),
        Weights("surgery", _ => "Magnitude", "Surgery", "Persistent"),
        Weights("regrowth", _ => "Magnitude", "Regrowth", "Frozen"),
    ];

    static Method Neurons(string name, Func<int, string> importance) =>
        new(name, seed => [$"trainer.pruning.importance={importance(seed)}"]);

    static Method Weights(string name, Func<int, string> criterion, string rule, string reactivation) => new(name, seed =>
        [$"trainer.pruning.criterion={criterion(seed)}", $"trainer.pruning.rule={rule}", $"trainer.pruning.reactivation={reactivation}"]);

    /// <summary>The methods to compare on a recipe.</summary>
    /// <param name="file">The recipe.</param>
    /// <param name="settings">Values in place of the recipe's.</param>
    /// <param name="names">What was asked for; null for no pruning, random pruning, the usual methods and the recipe's own.</param>
    internal static IReadOnlyList<Method> Of(string file, IReadOnlyList<string> settings, IReadOnlyList<string>? names)
    {
        var pruning = Pruning(file, settings) ?? throw new ArgumentException($"'{file}' has no trainer.pruning, so that there is "
            + "nothing to compare. Its schedule says when and how much all methods prune.");
        Method[] known = [.. always, .. pruning is NeuronPruning ? neurons : pruning is WeightPruning ? weights : []];
        if (names is not null)
        {
            return [.. names.Select(name => known.FirstOrDefault(method => Same(method.Name, name)) ?? throw Unknown(name)).Distinct()];
        }
        Method[] usual = [always[0], .. pruning is NeuronPruning ? neurons[..3] : pruning is WeightPruning ? weights[..2] : []];
        // The recipe's own, if it is not one of them under another name.
        return usual.Skip(1).Any(method => pruning.Equals(Pruning(file, [.. settings, .. method.Settings(0)])))
            ? usual : [.. usual, always[1]];

        ArgumentException Unknown(string name) => new($"--methods: there is no '{name}' for {pruning.GetType().Name}."
            + $"{(NearestName.To(name, known.Select(method => method.Name)) is { } meant ? $" Did you mean '{meant}'?" : "")} "
            + $"Known: {string.Join(", ", known.Select(method => method.Name))}.");
    }

    static ITrainingPruning? Pruning(string file, IReadOnlyList<string> settings) =>
        MLNet.Pruning.Recipes.Recipe.Load(file, settings).Program.Pruning;

    static bool Same(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>The runs of methods with some seeds each, seed after seed, so that an unfinished study compares all methods.</summary>
    internal static IReadOnlyList<StudyRun> Runs(
        Recipe recipe, IReadOnlyList<string> settings, IReadOnlyList<Method> methods, int seeds)
    {
        int first = recipe.RandomSeed ?? 1;
        bool own = recipe.Program.Sets(nameof(PrunedTrainerOptions.Seed));
        return [.. Enumerable.Range(first, seeds).SelectMany(seed => methods.Select(method => new StudyRun(
            new Dictionary<string, string> { ["method"] = method.Name, ["seed"] = seed.ToString(CultureInfo.InvariantCulture) },
            [.. settings, .. method.Settings(seed), $"seed={seed}", .. own ? [$"trainer.seed={seed}"] : Array.Empty<string>()])))];
    }
}
