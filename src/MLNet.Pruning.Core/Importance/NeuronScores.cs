using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Scores neurons outside of training, and makes the scores of different groups comparable.</summary>
public static class NeuronScores
{
    /// <summary>
    /// Scores the neurons of a model as it is, in evaluation mode. Weights, gradients, mode and random numbers are as before afterwards.
    /// </summary>
    /// <param name="importance">The criterion.</param>
    /// <param name="map">The model's groups.</param>
    /// <param name="batches">
    /// The rows to score on; ignored by criteria that need no data. The caller disposes of the batches.
    /// </param>
    /// <param name="objective">
    /// The objective of training; needed by criteria that use gradients of the loss, such as <see cref="Taylor"/>.
    /// </param>
    /// <returns>Per group of the map, in its order, and per neuron; larger stays.</returns>
    public static IReadOnlyList<double[]> Of(
        IImportance importance, NeuronMap map, IEnumerable<Batch> batches, IObjective? objective = null)
    {
        ArgumentNullException.ThrowIfNull(importance);
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(batches);
        if (map.Groups.Count == 0)
            return [];
        importance.Check(map.Groups);
        var byParameters = importance is { NeedsData: true, NeedsParameterGradients: true };
        if (byParameters && objective is null)
            throw new ArgumentException($"{importance.GetType().Name} reads gradients: give the objective that the model was trained "
                + "towards.",
                nameof(objective));
        using var mode = new EvaluationMode(map.Model);
        using var random = new RandomState();
        using var observer = importance.Watch(map, Environment.ProcessorCount);
        if (!importance.NeedsData)
            return observer.Scores();
        using var on = enable_grad();
        var trainable = map.Model.parameters().Where(p => p.requires_grad).ToArray();
        using var outer = NewDisposeScope();
        var kept = trainable.Select(p => p.grad).ToArray();
        try
        {
            // Parameters that require no gradient need no graph, and keep the gradients that they have.
            foreach (var parameter in trainable)
                parameter.requires_grad = byParameters;
            foreach (var batch in batches)
            {
                using var scope = NewDisposeScope();
                foreach (var parameter in trainable.Where(_ => byParameters))
                    parameter.grad = null;
                var loss = objective?.Compute(map.Model, batch).Loss ?? map.Forward(batch.Inputs)[0];
                if (objective is not null && loss.requires_grad)
                    loss.backward();
                observer.AfterBackward(batch, batch.Rows);
            }
        }
        finally
        {
            foreach (var (parameter, gradient) in trainable.Zip(kept))
                (parameter.requires_grad, parameter.grad) = (true, gradient);
        }
        return observer.Scores();
    }

    /// <summary>Scores the neurons of a model as it is, in evaluation mode.</summary>
    /// <param name="importance">The criterion.</param>
    /// <param name="map">The model's groups.</param>
    /// <param name="examples">The rows to score on, read once.</param>
    /// <param name="objective">The objective of training; needed by criteria that use gradients of the loss.</param>
    /// <param name="batchSize">Rows in a batch; at least 1.</param>
    /// <param name="atMost">The maximum number of rows; null for all.</param>
    public static IReadOnlyList<double[]> Of(
        IImportance importance, NeuronMap map, IExampleSource examples, IObjective? objective = null, int batchSize = 256,
        long? atMost = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(atMost ?? 1, 1, nameof(atMost));
        var device = map.Model.parameters().FirstOrDefault()?.device ?? CPU;
        return Of(importance, map, Batches(examples, batchSize, atMost ?? long.MaxValue, device), objective);
    }

    /// <summary>
    /// Scores divided by their group's mean size or Euclidean norm, so that groups of other sizes and scales can be ranked together. A
    /// group of zeros stays as it is.
    /// </summary>
    /// <param name="scores">Per group and neuron.</param>
    /// <param name="normalization">What they are divided by.</param>
    public static IReadOnlyList<double[]> Normalized(
        IReadOnlyList<double[]> scores, ScoreNormalization normalization = ScoreNormalization.Mean)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return [.. scores.Select(group =>
            group.Length > 0 && Divisor(group) is > 0 and var size ? [.. group.Select(s => s / size)] : group)];

        double Divisor(double[] group) => normalization switch
        {
            ScoreNormalization.Mean => group.Average(Math.Abs),
            ScoreNormalization.Euclidean => Math.Sqrt(group.Sum(s => s * s)),
            _ => 0,
        };
    }

    /// <summary>Reads examples in batches, each of which lives until the next one is read.</summary>
    internal static IEnumerable<Batch> Batches(IExampleSource examples, int size, long atMost, Device device)
    {
        using var buffer = new ExampleBuffer(examples);
        using var reader = examples.Open();
        var read = 0L;
        while (read < atMost)
        {
            var count = 0;
            while (count < size && read < atMost && buffer.Read(reader, count, null, read))
                (count, read) = (count + 1, read + 1);
            if (count == 0)
                yield break;
            using var scope = NewDisposeScope();
            yield return buffer.Batch(count, device);
        }
    }
}

/// <summary>How scores of different groups are made comparable for one ranking.</summary>
public enum ScoreNormalization
{
    /// <summary>Not at all: the criterion's scores have one scale.</summary>
    None,

    /// <summary>Each score is divided by the mean of its group.</summary>
    Mean,

    /// <summary>
    /// Each score is divided by the Euclidean norm of its group's scores, as Molchanov et al. (2017) do with <see cref="Taylor"/>. Neurons
    /// of large groups then score lower.
    /// </summary>
    Euclidean,
}
