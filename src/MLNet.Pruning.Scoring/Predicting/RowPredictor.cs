using System.Buffers;
using System.Reflection;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace MLNet.Pruning;

/// <summary>Predicts one row at a time with one model. Thread-safe.</summary>
sealed class RowPredictor<TIn, TOut>
    where TIn : class
    where TOut : class, new()
{
    const string Instead = "Use mlContext.Model.CreatePredictionEngine for it";

    readonly IRowScorer scorer;
    readonly TokenScorer? merging;
    readonly Func<TIn, float[]?> features;
    readonly string column;
    readonly int width, numbers, read, outputs;
    readonly Action<TOut, float[]>[] setters;
    readonly bool keepsScores;
    readonly IDisposable? owned;
    int users = 1; // the owner, and every call in progress; the last one disposes of the model

    /// <param name="context">The context.</param>
    /// <param name="model">The fitted or loaded pipeline.</param>
    /// <param name="owns">Whether the model is disposed of when this predictor is, after the last call has ended.</param>
    public RowPredictor(MLContext context, ITransformer model, bool owns = false)
    {
        owned = owns ? model as IDisposable : null;
        Counts = owns;
        var pipeline = ScoredPipeline.Of(model, "a predictor", Instead);
        if (pipeline.Model is not PrunedModelTransformer trained)
        {
            string found = pipeline.Model is { } other ? $"a {other.GetType().Name}" : "no trained model";
            throw new NotSupportedException(
                $"The pipeline has {found}; a predictor is of a classifier or a regressor. {Instead}.");
        }
        var merges = pipeline.Merging;
        (scorer, merging, outputs) = (trained.Scorer, merges?.Scorer, trained.Task.Outputs);
        (column, read) = (pipeline.Input, trained.FeatureCount);
        (width, numbers) = merges is null ? (read, 0) : (merges.Grid.ImageValues, merges.RowNumbers);
        Labels = (trained.Task as MulticlassTask)?.Labels.Values?.Names.Select(name => name.ToString()).ToArray() ?? [];

        var definition = SchemaDefinition.Create(typeof(TIn));
        DataViewSchema schema;
        if (definition.FirstOrDefault(c => c.ColumnName == column) is { } member)
        {
            features = Getter(member.MemberName);
            member.ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
            schema = context.Data.LoadFromEnumerable<TIn>([], definition).Schema;
        }
        else if (pipeline.Images.Count > 0)
        {
            var images = new ImagePixels<TIn>(context, pipeline.Images, column);
            (features, schema) = (images.Of, images.Schema);
        }
        else
        {
            throw new ArgumentException($"{typeof(TIn).Name} has no member for column '{column}', which the model reads.");
        }
        // The schema reports what does not fit, as for any engine, and whether the label is mapped to its values. Steps that map the label
        // for training are left out: rows to predict have no label.
        foreach (var step in pipeline.Steps.SkipWhile(step => step != trained && step != merges)
            .Where(step => step is not ValueToKeyMappingTransformer))
            schema = step.GetOutputSchema(schema);
        PropertyInfo[] properties = [.. typeof(TOut).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite)];
        setters = [.. properties.Select(property => Setter(property, trained.Task, schema.GetColumnOrNull(property.Name)?.Type))];
        keepsScores = properties.Any(property => property.PropertyType == typeof(float[]));
        if (setters.Length == 0)
            throw new NotSupportedException($"{typeof(TOut).Name} has no property to fill; a predictor gives {trained.Task.Gives}.");
    }

    /// <summary>The classes' names in the order of the scores; empty if they have none.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Whether calls must be counted by <see cref="TryEnter"/>.</summary>
    public bool Counts { get; }

    /// <summary>Keeps the model until <see cref="Leave"/>; false if it is gone.</summary>
    public bool TryEnter()
    {
        for (int seen = Volatile.Read(ref users); seen > 0;)
        {
            int before = Interlocked.CompareExchange(ref users, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    /// <summary>Ends a call, or the ownership. The last one disposes of the model.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref users) == 0)
            owned?.Dispose();
    }

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
        float[] scores = keepsScores ? new float[outputs] : ArrayPool<float>.Shared.Rent(outputs);
        if (merging is null)
            scorer.Score(values, 1, scores.AsSpan(0, outputs));
        else
        {
            float[] merged = ArrayPool<float>.Shared.Rent(numbers);
            merging.Score(values, 1, merged.AsSpan(0, numbers));
            // A model that does not read tokens takes their values alone.
            scorer.Score(merged.AsSpan(0, read), 1, scores.AsSpan(0, outputs));
            ArrayPool<float>.Shared.Return(merged);
        }
        var prediction = new TOut();
        foreach (var set in setters)
            set(prediction, scores);
        if (!keepsScores)
            ArrayPool<float>.Shared.Return(scores);
        return prediction;
    }

    static Func<TIn, float[]?> Getter(string name) =>
        typeof(TIn).GetProperty(name) is { PropertyType: var type, GetMethod: { } get } && type == typeof(float[])
        ? get.CreateDelegate<Func<TIn, float[]?>>()
        : throw new NotSupportedException($"{typeof(TIn).Name}.{name} is no property of type float[], which a predictor reads. {Instead}.");

    static Action<TOut, float[]> Setter(PropertyInfo property, PredictionTask task, DataViewType? type) =>
        task.Setter<TOut>(property, type) ?? throw new NotSupportedException(
            $"{typeof(TOut).Name}.{property.Name} is a {property.PropertyType.Name}; "
            + (property.Name == ScoreColumns.PredictedLabel && type is not null
                ? $"the pipeline's {property.Name} is {type}" : $"a predictor gives {task.Gives}")
            + $". {Instead}.");
}
