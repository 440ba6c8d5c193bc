using System.Linq.Expressions;
using System.Text.RegularExpressions;
using Microsoft.ML;

namespace MLNet.Pruning.Recipes;

/// <summary>The pipeline of a recipe, and its data.</summary>
public sealed partial class RecipePipeline : IEstimator<ITransformer>
{
    readonly IEstimator<ITransformer> pipeline;
    readonly RecipeMap root;

    internal RecipePipeline(Recipe recipe, MLContext mlContext, IReadOnlyDictionary<string, object?> options)
    {
        root = recipe.Root;
        var program = recipe.Program;
        var variables = new Dictionary<ParameterExpression, object> { [program.MLContext] = mlContext };
        foreach (var (variable, value, node) in program.Statements)
            variables[variable] = Evaluate(value, node);
        TrainingSet = (IDataView)Values.Of(program.TrainingSet, variables)!;
        ValidationSet = program.ValidationSet is { } validation ? (IDataView)Values.Of(validation, variables)! : null;
        TestSet = program.TestSet is { } test ? (IDataView)Values.Of(test, variables)! : null;
        IEstimator<ITransformer>? chain = null;
        foreach (var step in program.Preparation)
            Append(step.Value, step.Node);
        if (program.Prepared is { } prepared)
            variables[prepared] = chain!;
        var trainer = program.Trainer.Value;
        foreach (var (name, value) in options)
        {
            if (value is not null)
                trainer = RecipeProgram.WithOptions(trainer, name, Expression.Constant(value));
        }
        Append(trainer, program.Trainer.Node);
        foreach (var step in program.After)
            Append(step.Value, step.Node);
        pipeline = chain!;

        void Append(Expression value, RecipeNode node)
        {
            var step = (IEstimator<ITransformer>)Evaluate(value, node);
            chain = chain is null ? step : chain.Append(step);
        }

        object Evaluate(Expression value, RecipeNode node) => Located(() => Values.Of(value, variables)!, node);
    }

    /// <summary>Makes the steps of a recipe, and lets go of them: their options are checked, and no row is read.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="mlContext">The context.</param>
    /// <param name="data">Whether to open the data as well.</param>
    internal static void Check(Recipe recipe, MLContext mlContext, bool data)
    {
        var program = recipe.Program;
        var variables = new Dictionary<ParameterExpression, object> { [program.MLContext] = mlContext };
        if (data)
        {
            foreach (var (variable, value, node) in program.Statements)
                variables[variable] = Located(() => Values.Of(value, variables)!, node);
        }
        // The rows to measure are the one option that is made of other steps.
        var trainer = RecipeProgram.WithOptions(
            program.Trainer.Value, nameof(PrunedTrainerOptions.ValidationSet), Expression.Constant(null, typeof(IDataView)));
        foreach (var step in program.Preparation.Append(new(trainer, program.Trainer.Node)).Concat(program.After))
            Located(() => Values.Of(step.Value, variables), step.Node);
    }

    /// <summary>The rows to learn from.</summary>
    public IDataView TrainingSet { get; }

    /// <summary>The rows that are measured after each epoch; null if the recipe has none.</summary>
    public IDataView? ValidationSet { get; }

    /// <summary>The rows to test with; null if the recipe has none.</summary>
    public IDataView? TestSet { get; }

    /// <summary>Trains on <see cref="TrainingSet"/>.</summary>
    public ITransformer Fit() => Fit(TrainingSet);

    /// <inheritdoc/>
    public ITransformer Fit(IDataView input) => Located(() => pipeline.Fit(input), root);

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Located(() => pipeline.GetOutputSchema(inputSchema), root);

    /// <summary>Does something, and says of a failure where in the recipe its cause stands.</summary>
    static T Located<T>(Func<T> action, RecipeNode node)
    {
        try
        {
            return action();
        }
        catch (Exception failure) when (failure is ArgumentException or IOException or FormatException and not RecipeException)
        {
            throw new RecipeException(Place(node, failure.Message), failure.Message, failure);
        }
    }

    /// <summary>The place of the option or column that a message is about; if that cannot be told, of the section.</summary>
    static RecipePlace Place(RecipeNode section, string message)
    {
        string[] names = Option().Match(message).Value.Split('.');
        var options = Entries(section, "").Where(found => found.Entry.Is(names[^1])).ToArray();
        // `Schedule.Factor` is a factor in a schedule, whatever the schedule's key is called in full.
        var option = options.FirstOrDefault(found => names.Length == 1
            || found.Parent.EndsWith(names[^2], StringComparison.OrdinalIgnoreCase), options.FirstOrDefault()).Entry;
        if (option is not null)
            return option.Value.Place;
        string[] quoted = [.. Quoted().Matches(message).Select(match => match.Groups[1].Value)];
        return Scalars(section).FirstOrDefault(scalar => quoted.Contains(scalar.Text))?.Place ?? section.Place;
    }

    static IEnumerable<(RecipeEntry Entry, string Parent)> Entries(RecipeNode node, string parent) => node switch
    {
        RecipeList list => list.Items.SelectMany(item => Entries(item, parent)),
        RecipeMap map => map.Entries.SelectMany(entry => Entries(entry.Value, entry.Key).Prepend((entry, parent))),
        _ => [],
    };

    static IEnumerable<RecipeScalar> Scalars(RecipeNode node) => node switch
    {
        RecipeScalar scalar => [scalar],
        RecipeList list => list.Items.SelectMany(Scalars),
        RecipeMap map => map.Entries.SelectMany(entry => Scalars(entry.Value)),
        _ => [],
    };

    [GeneratedRegex(@"^\w+(\.\w+)*")]
    private static partial Regex Option();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
