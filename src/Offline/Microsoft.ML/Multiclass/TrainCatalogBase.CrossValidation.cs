using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public abstract partial class TrainCatalogBase
{
    // Evaluated after all folds are trained: metrics may be slow, and a fold that cannot be trained should be known first.
    private protected CrossValidationResult<T>[] CrossValidate<T>(IDataView data, IEstimator<ITransformer> estimator,
        int folds, string? samplingKey, int? seed, Func<IDataView, T> evaluate)
        where T : class
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckValue(estimator, nameof(estimator));
        Environment.CheckParam(folds > 1, "numFolds", "Must be more than 1");
        var trained = new List<(ITransformer Model, IDataView Scores)>();
        foreach (var split in DataSplit.Of(Environment, data, samplingKey, seed).Folds(folds))
        {
            var model = estimator.Fit(split.TrainSet);
            trained.Add((model, Score(model, split.TestSet)));
        }
        return [.. trained.Select((fold, i) => new CrossValidationResult<T>(fold.Model, evaluate(fold.Scores), fold.Scores, i))];
    }

    // A chain is applied whole, with what is meant for training only.
    private static IDataView Score(ITransformer model, IDataView data)
        => model is ITransformerChainAccessor chain
            ? new TransformerChain<ITransformer>(chain.Transformers, chain.Scopes).Transform(data, TransformerScope.Everything)
            : model.Transform(data);

    /// <summary>One fold of a cross-validation.</summary>
    public sealed class CrossValidationResult<T>
        where T : class
    {
        public readonly T Metrics;

        public readonly ITransformer Model;

        public readonly IDataView ScoredHoldOutSet;

        public readonly int Fold;

        internal CrossValidationResult(ITransformer model, T metrics, IDataView scores, int fold)
        {
            Model = model;
            Metrics = metrics;
            ScoredHoldOutSet = scores;
            Fold = fold;
        }
    }
}
