using System.Linq.Expressions;
using Microsoft.ML;

namespace MLNet.Pruning.Recipes;

/// <summary>
/// What a recipe does, as statements: variables with expressions in their order, and the steps of the pipeline.
/// <see cref="RecipePipeline"/> evaluates them, <see cref="RecipeCode"/> writes them.
/// </summary>
sealed class RecipeProgram(ParameterExpression mlContext)
{
    /// <summary>A variable of the program.</summary>
    public sealed record Statement(ParameterExpression Variable, Expression Value, RecipeNode Node);

    /// <summary>A step of the pipeline.</summary>
    public sealed record Step(Expression Value, RecipeNode Node);

    static readonly string[] dataKeys = ["train", "validation", "test"];

    public ParameterExpression MLContext => mlContext;

    public List<Statement> Statements { get; } = [];

    public List<Step> Preparation { get; } = [];

    public Step Trainer { get; private set; } = null!;

    public List<Step> After { get; } = [];

    public Expression TrainingSet { get; private set; } = null!;

    public Expression? ValidationSet { get; private set; }

    public Expression? TestSet { get; private set; }

    /// <summary>The variable with the steps before the trainer; null if there are none.</summary>
    public ParameterExpression? Prepared { get; private set; }

    /// <summary>Multiclass, Binary or Regression; None for what learns no label.</summary>
    public string Task { get; private set; } = "";

    /// <summary>The column that a model is judged by: the label to learn, or the losses of an autoencoder.</summary>
    public string JudgedColumn => (string)Option(Task == "None" ? nameof(PrunedVaeEstimator.Options.LossColumnName)
        : nameof(PrunedModelOptions.LabelColumnName));

    /// <summary>Passes over the training rows.</summary>
    public int Epochs => (int)Option(nameof(PrunedTrainerOptions.Epochs));

    public void Load(RecipeMap data, Binder binder, int? seed)
    {
        var map = Recipe.Keys(data, "data", dataKeys);
        var train = map.Find("train") ?? throw new RecipeException(map.Place, "data needs 'train', which says what to learn from.");
        TrainingSet = Add(typeof(IDataView), "train", Loader(train), train.Value);
        (TestSet, ValidationSet) = (Part("test"), Part("validation"));

        Expression? Part(string name)
        {
            if (map.Find(name) is not { Value: not RecipeScalar { IsNull: true } } entry)
                return null;
            if (entry.Value is not RecipeScalar)
                return Add(typeof(IDataView), name, Loader(entry), entry.Value);
            double fraction = (double)((ConstantExpression)binder.Bind(entry.Value, typeof(double), name)).Value!;
            if (fraction is not (> 0 and < 1))
                throw new RecipeException(entry.Value.Place, $"{name} is {fraction}; a part of the training rows is above 0 and below 1.");
            var split = Add(typeof(DataOperationsCatalog.TrainTestData), $"{name}Split", Expression.Call(
                Expression.Property(mlContext, nameof(Microsoft.ML.MLContext.Data)), nameof(DataOperationsCatalog.TrainTestSplit), null,
                    TrainingSet,
                Expression.Constant(fraction), Expression.Constant(null, typeof(string)), Expression.Constant(seed, typeof(int?))),
                    entry.Value);
            TrainingSet = Expression.PropertyOrField(split, nameof(DataOperationsCatalog.TrainTestData.TrainSet));
            return Expression.PropertyOrField(split, nameof(DataOperationsCatalog.TrainTestData.TestSet));
        }

        Expression Loader(RecipeEntry entry) => CsvFile.Loader(entry.Value, binder, entry.Key)
            ?? binder.MakeNamed(entry.Value, [.. Catalog.Loaders, CsvFile.Maker], entry.Key, maker => Catalog.Target(maker, mlContext));
    }

    public void Prepare(IEnumerable<(RecipeNode Node, Expression Value)> steps)
    {
        Preparation.AddRange(steps.Select(step => new Step(step.Value, step.Node)));
        Prepared = Preparation.Count == 0 ? null : Expression.Variable(typeof(IEstimator<ITransformer>), "preparation");
    }

    public void Then(IEnumerable<(RecipeNode Node, Expression Value)> steps) =>
        After.AddRange(steps.Select(step => new Step(step.Value, step.Node)));

    public void Train(RecipeMap trainer, Binder binder)
    {
        const string TaskKey = "task";
        var task = trainer.Find(TaskKey);
        bool vae = trainer.Find(Binder.TypeKey)?.Value is RecipeScalar { Text: var name } && Catalog.Trainers["None"].Any(maker =>
            string.Equals(maker.Name, name, StringComparison.OrdinalIgnoreCase));
        string[] tasks = [.. Catalog.Trainers.Keys.Where(key => key != "None")];
        Task = vae ? "None" : task is null ? tasks[0] : task.Value is RecipeScalar { Text: var given }
            ? tasks.FirstOrDefault(key => string.Equals(key, given, StringComparison.OrdinalIgnoreCase))
                ?? throw RecipeException.UnknownName(task.Value.Place, "task has no value", given, tasks)
            : throw new RecipeException(task.Value.Place, $"task is {task.Value.Kind}; wanted one of {string.Join(", ", tasks)}.");
        if (vae && task is not null)
            throw new RecipeException(task.Place, "An autoencoder learns no label, and so has no task.");
        IReadOnlyList<Maker> makers = vae || Task != tasks[0] ? Catalog.Trainers[Task]
            : [.. Catalog.Trainers[Task], .. Catalog.Trainers["None"]];
        var keys = trainer with { Entries = [.. trainer.Entries.Where(entry => entry != task)] };
        var made = binder.MakeNamed(keys, makers, "trainer", maker => Catalog.Target(maker, mlContext));
        if (ValidationSet is not null)
        {
            made = WithOptions(made, nameof(PrunedTrainerOptions.ValidationSet), Prepared is null ? ValidationSet
                : Expression.Call(Expression.Call(Prepared, "Fit", null, TrainingSet), "Transform", null, ValidationSet));
        }
        Trainer = new(made, trainer);
    }

    /// <summary>The pruning of the trainer; null for none.</summary>
    public ITrainingPruning? Pruning => Options(Trainer.Value).Bindings.Cast<MemberAssignment>()
        .FirstOrDefault(set => set.Member.Name == nameof(PrunedTrainerOptions.Pruning)) is { } given
        ? (ITrainingPruning?)Values.Of(given.Expression, new Dictionary<ParameterExpression, object>()) : null;

    /// <summary>Whether the recipe sets an option of the trainer.</summary>
    public bool Sets(string option) => Options(Trainer.Value).Bindings.Any(binding => binding.Member.Name == option);

    /// <summary>An option of the trainer, or its default.</summary>
    object Option(string name)
    {
        var options = Options(Trainer.Value);
        return options.Bindings.Cast<MemberAssignment>().FirstOrDefault(set => set.Member.Name == name) is { } given
            ? ((ConstantExpression)given.Expression).Value!
            : options.Type.GetProperty(name)!.GetValue(Activator.CreateInstance(options.Type))!;
    }

    /// <summary>A call of a trainer with one more option, or another one.</summary>
    public static Expression WithOptions(Expression trainer, string name, Expression value)
    {
        var options = Options(trainer);
        var set = Expression.Bind(options.Type.GetProperty(name) ?? throw new ArgumentException($"{options.Type} has no {name}.",
            nameof(name)), value);
        var changed = Expression.MemberInit(options.NewExpression, [.. options.Bindings.Where(binding => binding.Member.Name != name),
            set]);
        var call = (MethodCallExpression)trainer;
        return Expression.Call(call.Method, call.Arguments.Select(argument => IsOptions(argument) ? changed : argument));
    }

    static MemberInitExpression Options(Expression trainer) => ((MethodCallExpression)trainer).Arguments.First(IsOptions) switch
    {
        MemberInitExpression init => init,
        var made => Expression.MemberInit((NewExpression)made),
    };

    static bool IsOptions(Expression argument) => typeof(PrunedTrainerOptions).IsAssignableFrom(argument.Type);

    ParameterExpression Add(Type type, string name, Expression value, RecipeNode node)
    {
        var variable = Expression.Variable(type, name);
        Statements.Add(new(variable, value, node));
        return variable;
    }
}

/// <summary>Evaluates expressions.</summary>
static class Values
{
    public static object? Of(Expression expression, IReadOnlyDictionary<ParameterExpression, object>? variables = null)
    {
        var known = new Known(variables ?? new Dictionary<ParameterExpression, object>()).Visit(expression);
        return Expression.Lambda<Func<object?>>(Expression.Convert(known, typeof(object))).Compile(preferInterpretation: true)();
    }

    sealed class Known(IReadOnlyDictionary<ParameterExpression, object> variables) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) =>
            variables.TryGetValue(node, out var value) ? Expression.Constant(value, node.Type) : node;
    }
}
