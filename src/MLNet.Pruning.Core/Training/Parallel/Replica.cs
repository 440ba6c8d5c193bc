using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>One copy of the model with its gradients and its share of the batch.</summary>
sealed class Replica : IDisposable
{
    readonly Tensor factor;
    readonly FlatStorage values;
    GradientPlan? plan;
    BatchCounters? counters;
    BatchBuffer staged;
    float share = float.NaN;

    public Replica(nn.Module module, FlatStorage gradients, FlatStorage values, FlatStorage statistics, ExampleBuffer examples,
        int capacity, Device device)
    {
        (Module, Gradients, Statistics, this.values) = (module, gradients, statistics, values);
        staged = new BatchBuffer(examples, capacity, device);
        factor = ones([], dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    public nn.Module Module { get; }

    public FlatStorage Gradients { get; }

    /// <summary>The floating-point buffers, such as the running means of batch norm.</summary>
    public FlatStorage Statistics { get; }

    /// <summary>The mean loss over the replica's rows.</summary>
    public double Loss { get; private set; }

    /// <summary>The weight of the rows with the right answer.</summary>
    public double? Correct { get; private set; }

    /// <summary>The weight of the replica's rows, as a share of the whole batch's.</summary>
    public double Share { get; private set; }

    /// <summary>The latest batch.</summary>
    public Batch? Batch => staged.Batch;

    public int Rows { get; private set; }

    GradientPlan Plan => plan ??= GradientPlan.Of(Module, values, Gradients);

    /// <summary>Copies the chosen rows into the model's input.</summary>
    public Batch Gather(ExampleBuffer examples, ReadOnlySpan<int> slots, ImageChanges changes = default)
    {
        Rows = slots.Length;
        staged.Copy(examples, slots, 0, Rows, changes);
        return staged.View(Rows);
    }

    /// <summary>Uses rows that were prefetched during the previous step.</summary>
    public Batch Gather(BatchPrefetcher ahead, int number, int rows)
    {
        Rows = rows;
        ahead.Exchange(number, ref staged);
        return staged.View(Rows);
    }

    /// <summary>Adds the gradients of the mean loss, times the replica's part of the step's weight, to those of the step so far.</summary>
    /// <param name="rows">The replica's rows.</param>
    /// <param name="objective">The objective.</param>
    /// <param name="number">The replica's number.</param>
    /// <param name="share">The weight of the rows as a share of the batch's.</param>
    /// <param name="ofStep">The weight of the batch as a share of the step's.</param>
    /// <param name="first">Whether the batch is the first of its step.</param>
    /// <param name="order">The order of the replicas, if the model draws random numbers.</param>
    public void ForwardBackward(
        Batch rows, IObjective objective, int number, double share, double ofStep, bool first, ForwardOrder? order)
    {
        using var scope = NewDisposeScope();
        counters ??= new BatchCounters(Module);
        if (first)
            Gradients.Vector.zero_();
        order?.Enter(number);
        Tensor loss;
        try
        {
            (loss, Correct) = objective.Compute(Module, rows);
        }
        finally
        {
            order?.Leave(number);
        }
        rows.RequireWeightsUsed(objective);
        counters.Add();
        autograd.backward(loss, Factor((float)(share * ofStep)));
        (Loss, Share) = (loss.item<float>(), share);
    }

    /// <summary>The same by a plan.</summary>
    public void Compute(
        Batch rows, PlannedLoss loss, double share, double ofStep, bool first, RowDraws draws, IActiveWeights? active) =>
        ((Loss, Correct), Share) = (Plan.Compute(rows, loss, share * ofStep, first, draws, active), share);

    /// <summary>Computes the loss without gradients, in evaluation mode; by a plan if its loss is given.</summary>
    public void Evaluate(Batch rows, IObjective objective, PlannedLoss? planned, double share, IActiveWeights? active)
    {
        if (planned is not null)
        {
            ((Loss, Correct), Share) = (Plan.Evaluate(rows, planned, active), share);
            return;
        }
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (var loss, Correct) = objective.Compute(Module, rows);
        rows.RequireWeightsUsed(objective);
        (Loss, Share) = (loss.item<float>(), share);
    }

    Tensor Factor(float value)
    {
        if (value != share)
        {
            using var scalar = Scalars.Of(value);
            factor.fill_(scalar);
        }
        share = value;
        return factor;
    }

    public void Dispose()
    {
        counters?.Dispose();
        plan?.Dispose();
        staged.Dispose();
        factor.Dispose();
        Statistics.Dispose();
    }
}
