using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>One copy of the model with its gradients and its share of the batch.</summary>
sealed class Replica : IDisposable
{
    readonly Tensor weight;
    BatchCounters? counters;
    BatchBuffer staged;
    float weightOfRows = float.NaN;

    public Replica(nn.Module module, FlatStorage gradients, FlatStorage statistics, ExampleBuffer examples, int capacity, Device device)
    {
        (Module, Gradients, Statistics) = (module, gradients, statistics);
        staged = new BatchBuffer(examples, capacity, device);
        weight = ones([], dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    public nn.Module Module { get; }

    public FlatStorage Gradients { get; }

    /// <summary>The floating-point buffers, such as the running means of batch norm.</summary>
    public FlatStorage Statistics { get; }

    /// <summary>The mean loss over the replica's rows.</summary>
    public double Loss { get; private set; }

    public long? Correct { get; private set; }

    /// <summary>The latest batch.</summary>
    public Batch? Batch => staged.Batch;

    public int Rows { get; private set; }

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

    /// <summary>Adds the gradients of the mean loss, times the replica's share of the step's rows, to those of the step so far.</summary>
    public void ForwardBackward(Batch rows, IObjective objective, int number, StepPart part, ForwardOrder? order)
    {
        using var scope = NewDisposeScope();
        counters ??= new BatchCounters(Module);
        if (part.IsFirst)
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
        counters.Add();
        autograd.backward(loss, Weight((float)((double)rows.Rows / part.StepRows)));
        Loss = loss.item<float>();
    }

    public void Forward(Batch rows, IObjective objective)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (var loss, Correct) = objective.Compute(Module, rows);
        Loss = loss.item<float>();
    }

    Tensor Weight(float value)
    {
        if (value != weightOfRows)
        {
            using var scalar = Scalars.Of(value);
            weight.fill_(scalar);
        }
        weightOfRows = value;
        return weight;
    }

    public void Dispose()
    {
        counters?.Dispose();
        staged.Dispose();
        weight.Dispose();
        Statistics.Dispose();
    }
}
