using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Checks before training that a model can be trained and measured with fewer neurons. Groups are found from the model's outputs in
/// evaluation mode; in training, or for its loss, it may call other layers, which would not shrink.
/// </summary>
static class DryRunWithoutNeurons
{
    /// <summary>Computes the loss once without one neuron of each group, and restores everything.</summary>
    /// <param name="run">A run that has not started.</param>
    /// <param name="map">The neurons of its model.</param>
    /// <param name="groups">The groups to be pruned.</param>
    /// <param name="measured">Whether the model will be measured in evaluation mode.</param>
    /// <exception cref="InvalidOperationException">
    /// The smaller model fails where the whole one does not, or the model cannot be measured.
    /// </exception>
    public static void Run(TrainingRun run, NeuronMap map, IEnumerable<NeuronGroup> groups, bool measured)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var random = new RandomState();
        var buffers = run.Model.named_buffers().Select(b =>
            (Buffer: b.buffer, Value: b.buffer.clone())).ToArray(); // batch norms update their statistics
        // Two rows, since a batch norm in training rejects one.
        var batch = run.FirstBatch(2);
        TrainingModes.Begin([run.Model]);
        try
        {
            if (Refusal(() => run.Objective.Compute(run.Model, batch)) is not null)
                return; // let training report this error
            if (measured && Refusal(Measure) is { } unmeasured)
                throw new InvalidOperationException($"The model trains, but its loss cannot be measured in evaluation mode: {unmeasured}");
        }
        finally
        {
            PutBack();
        }
        string? refusal = null;
        map.Without([.. groups.Select(g => new NeuronSelection(g, [g.Size - 1]))], () =>
        {
            refusal = Refusal(() => run.Objective.Compute(run.Model, batch)) ?? (measured ? Refusal(Measure) : null);
            PutBack();
        });
        if (refusal is not null)
            throw new InvalidOperationException($"The model cannot be trained without one neuron of each group: {refusal} A layer that "
                + "only training or the loss calls does not shrink along. "
                + $"Let {nameof(NeuronPruning)}.{nameof(NeuronPruning.Forward)} give all that training computes, or leave groups out by "
                    + $"{nameof(NeuronPruning)}.{nameof(NeuronPruning.Groups)}. What was found:{Environment.NewLine}{map}");

        void Measure()
        {
            using var mode = new EvaluationMode(run.Model);
            run.Objective.Compute(run.Model, batch);
        }

        void PutBack()
        {
            foreach (var (buffer, value) in buffers)
                if (buffer.shape.SequenceEqual(value.shape))
                    buffer.copy_(value);
        }
    }

    static string? Refusal(Action compute)
    {
        try
        {
            compute();
            return null;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            return e.Message.Split('\n')[0].Trim().TrimEnd('.') + "."; // LibTorch appends its call stack
        }
    }
}
