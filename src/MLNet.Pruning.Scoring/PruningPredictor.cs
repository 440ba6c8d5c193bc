using System.Buffers;
using System.Reflection;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace MLNet.Pruning;

/// <summary>
/// Predicts one row at a time with a trained classifier. Thread-safe; allocates nothing but its results. Made by
/// <c>mlContext.Model.CreatePredictor</c>; its model must not be disposed of while it is in use.
/// </summary>
/// <typeparam name="TIn">A row, with the model's features in a float[].</typeparam>
/// <typeparam name="TOut">The prediction: <c>Score</c>, a float[], and <c>PredictedLabel</c>, or one of them.</typeparam>
public sealed class PruningPredictor<TIn, TOut>
    where TIn : class
    where TOut : class, new()
{
    const string Instead = "Use mlContext.Model.CreatePredictionEngine for it";

    readonly IRowScorer scorer;
    readonly TokenScorer? merging;
    readonly Func<TIn, float[]?> features;
    readonly string column;
    readonly int width, numbers, read, classes;
    readonly Action<TOut, float[]>? setScore;
    readonly Action<TOut, uint>? setLabel;

    internal PruningPredictor(MLContext context, ITransformer model)
    {
        var pipeline = ScoredPipeline.Of(model, "a predictor", Instead);
        if (pipeline.Model is not PrunedModelTransformer trained)
        {
            string found = pipeline.Model is { } other ? $"a {other.GetType().Name}" : "no trained model";
            throw new NotSupportedException($"The pipeline has {found}; a predictor is of a classifier. {Instead}.");
        }
        var merges = pipeline.Merging;
        (scorer, merging, classes) = (trained.Scorer, merges?.Scorer, trained.Labels.Count);
        (column, read) = (pipeline.Input, trained.FeatureCount);
        (width, numbers) = merges is null ? (read, 0) : (merges.Grid.ImageValues, merges.RowNumbers);

        var definition = SchemaDefinition.Create(typeof(TIn));
        var member = definition.FirstOrDefault(c => c.ColumnName == column)
            ?? throw new ArgumentException($"{typeof(TIn).Name} has no member for column '{column}', which the model reads.");
        features = Getter(member.MemberName);
        member.ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        // The schema reports what does not fit, as for any engine, and whether the label is mapped to its values. Steps that map the label
        // for training are left out: rows to predict have no label.
        var schema = context.Data.LoadFromEnumerable<TIn>([], definition).Schema;
        foreach (var step in pipeline.Steps.SkipWhile(step => step != trained && step != merges)
            .Where(step => step is not ValueToKeyMappingTransformer))
            schema = step.GetOutputSchema(schema);
        var label = schema[ScoreColumns.PredictedLabel];
        foreach (var property in typeof(TOut).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
        {
            if (property.Name == ScoreColumns.Score && property.PropertyType == typeof(float[]))
                setScore = property.SetMethod!.CreateDelegate<Action<TOut, float[]>>();
            else if (property.Name == ScoreColumns.PredictedLabel)
                setLabel = Label(property, trained.Labels, label.Type);
            else
            {
                throw new NotSupportedException($"{typeof(TOut).Name}.{property.Name} is a {property.PropertyType.Name}; "
                    + $"a predictor gives {ScoreColumns.Score}, a float[], and {ScoreColumns.PredictedLabel}. {Instead}.");
            }
        }
        if (setScore is null && setLabel is null)
        {
            throw new NotSupportedException(
                $"{typeof(TOut).Name} has neither a property {ScoreColumns.Score} nor {ScoreColumns.PredictedLabel} to fill.");
        }
    }

    /// <summary>Predicts the class of a row.</summary>
    /// <param name="row">The row; not changed.</param>
    /// <exception cref="ArgumentException">The features are missing, or their number differs from what the model reads.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed of.</exception>
    public TOut Predict(TIn row)
    {
        ArgumentNullException.ThrowIfNull(row);
        float[]? values = features(row);
        if (values?.Length != width)
        {
            throw new ArgumentException(
                $"Feature column '{column}' has {(values is null ? "no" : values.Length)} values; wanted {width}.", nameof(row));
        }
        // Without a property for them, scores are temporary.
        float[] scores = setScore is null ? ArrayPool<float>.Shared.Rent(classes) : new float[classes];
        if (merging is null)
            scorer.Score(values, 1, scores.AsSpan(0, classes));
        else
        {
            float[] merged = ArrayPool<float>.Shared.Rent(numbers);
            merging.Score(values, 1, merged.AsSpan(0, numbers));
            // A model that does not read tokens takes their values alone.
            scorer.Score(merged.AsSpan(0, read), 1, scores.AsSpan(0, classes));
            ArrayPool<float>.Shared.Return(merged);
        }
        var prediction = new TOut();
        setLabel?.Invoke(prediction, ScoreColumns.MostProbable(scores.AsSpan(0, classes)));
        if (setScore is null)
            ArrayPool<float>.Shared.Return(scores);
        else
            setScore(prediction, scores);
        return prediction;
    }

    static Func<TIn, float[]?> Getter(string name) =>
        typeof(TIn).GetProperty(name) is { PropertyType: var type, GetMethod: { } get } && type == typeof(float[])
        ? get.CreateDelegate<Func<TIn, float[]?>>()
        : throw new NotSupportedException($"{typeof(TIn).Name}.{name} is no property of type float[], which a predictor reads. {Instead}.");

    static Action<TOut, uint> Label(PropertyInfo property, ClassLabels labels, DataViewType type)
    {
        if (type is KeyDataViewType && property.PropertyType == typeof(uint))
            return property.SetMethod!.CreateDelegate<Action<TOut, uint>>();
        return (type is KeyDataViewType ? null : labels.Values?.Setter<TOut>(property)) ?? throw new NotSupportedException(
            $"{typeof(TOut).Name}.{property.Name} is a {property.PropertyType.Name}; "
            + $"the pipeline's {ScoreColumns.PredictedLabel} is {type}. {Instead}.");
    }
}
