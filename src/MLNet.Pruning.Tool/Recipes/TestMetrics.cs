using MLNet.Pruning.Reporting;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>What a model learns.</summary>
internal enum LearnedTask
{
    /// <summary>One of several classes.</summary>
    Multiclass,

    /// <summary>Yes or no.</summary>
    Binary,

    /// <summary>A number.</summary>
    Regression,

    /// <summary>Nothing but the rows themselves.</summary>
    None,
}

/// <summary>Measures models by ML.NET's own evaluators.</summary>
internal static class TestMetrics
{
    /// <summary>The names of all metrics.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<LearnedTask>().SelectMany(NamesOf).Distinct()];

    /// <summary>The names of a task's metrics, the most important first.</summary>
    internal static string[] NamesOf(LearnedTask task) => task switch
    {
        LearnedTask.Multiclass => ["accuracy", "macroAccuracy", "logLoss"],
        LearnedTask.Binary => ["accuracy", "areaUnderRocCurve", "f1Score", "logLoss"],
        LearnedTask.Regression => ["rSquared", "rootMeanSquaredError", "meanAbsoluteError"],
        _ => ["loss"],
    };

    /// <summary>The metrics of a model on some rows, the most important first; empty without rows.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="task">What the model learnt.</param>
    /// <param name="model">The model.</param>
    /// <param name="rows">The rows; null for none.</param>
    /// <param name="column">The column with the labels; for an autoencoder, with its losses.</param>
    /// <returns>The metrics; for classes, also what the page shows of the answers.</returns>
    internal static (Dictionary<string, double> Metrics, TestEvaluation? Answers) Of(
        MLContext mlContext, LearnedTask task, ITransformer model, IDataView? rows, string column)
    {
        if (rows is null)
            return ([], null);
        var scored = model.Transform(rows);
        switch (task)
        {
            case LearnedTask.Multiclass:
                var classes = mlContext.MulticlassClassification.Evaluate(scored, column);
                return (new()
                {
                    ["accuracy"] = classes.MicroAccuracy,
                    ["macroAccuracy"] = classes.MacroAccuracy,
                    ["logLoss"] = classes.LogLoss
                }, TestAnswers.Of(model, scored, column, classes));
            case LearnedTask.Binary:
                var binary = mlContext.BinaryClassification.Evaluate(scored, column);
                return (new()
                {
                    ["accuracy"] = binary.Accuracy,
                    ["areaUnderRocCurve"] = binary.AreaUnderRocCurve,
                    ["f1Score"] = binary.F1Score,
                    ["logLoss"] = binary.LogLoss
                }, null);
            case LearnedTask.Regression:
                var regression = mlContext.Regression.Evaluate(scored, column);
                return (new()
                {
                    ["rSquared"] = regression.RSquared,
                    ["rootMeanSquaredError"] = regression.RootMeanSquaredError,
                    ["meanAbsoluteError"] = regression.MeanAbsoluteError,
                }, null);
            default:
                return (new() { ["loss"] = scored.GetColumn<float>(column).Average(value => (double)value) }, null);
        }
    }
}
