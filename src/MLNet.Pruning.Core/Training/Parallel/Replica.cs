using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>One copy of the model with its gradients and its share of the batch.</summary>
sealed unsafe class Replica : IDisposable
{
    readonly Tensor stagedInputs;
    readonly Tensor? stagedLabels;
    readonly Tensor? deviceInputs;
    readonly Tensor? deviceLabels;
    readonly Tensor weight;
    readonly nint inputs;
    readonly nint labels;
    readonly int capacity, width;
    Tensor? inputView;
    Tensor? labelView;
    Batch? batch;
    float weightOfRows = float.NaN;

    public Replica(nn.Module module, FlatStorage gradients, FlatStorage statistics, ExampleBuffer examples, int capacity, Device device)
    {
        (Module, Gradients, Statistics, this.capacity, width) = (module, gradients, statistics, capacity, examples.Width);
        using var scope = NewDisposeScope();
        long[] shape = [capacity, .. examples.Shape];
        var onDevice = device.type != TorchSharp.DeviceType.CPU;
        stagedInputs = Keep(Pinned(empty(shape, dtype: ScalarType.Float32), onDevice));
        inputs = Address(stagedInputs);
        if (examples.HasLabels)
        {
            stagedLabels = Keep(Pinned(zeros(capacity, dtype: ScalarType.Int64), onDevice));
            labels = Address(stagedLabels);
        }
        if (onDevice)
        {
            deviceInputs = Keep(empty(shape, dtype: ScalarType.Float32, device: device));
            deviceLabels = stagedLabels is null ? null : Keep(empty(capacity, dtype: ScalarType.Int64, device: device));
        }
        weight = Keep(ones([], dtype: ScalarType.Float32, device: device));
    }

    public nn.Module Module { get; }

    public FlatStorage Gradients { get; }

    /// <summary>The floating-point buffers, such as the running means of batch norm.</summary>
    public FlatStorage Statistics { get; }

    /// <summary>The mean loss over the replica's rows.</summary>
    public double Loss { get; private set; }

    public long? Correct { get; private set; }

    /// <summary>The rows computed last.</summary>
    public Batch? Batch => batch;

    public int Rows { get; private set; }

    /// <summary>Copies the chosen rows to where the model reads them.</summary>
    public Batch Gather(ExampleBuffer examples, ReadOnlySpan<int> slots)
    {
        if (slots.Length > capacity || examples.Width != width || (labels != 0 && !examples.HasLabels))
            throw new ArgumentException($"{slots.Length} examples of {examples.Width} numbers do not fit where {capacity} of {width} were expected.");
        Rows = slots.Length;
        var to = (float*)inputs;
        foreach (var slot in slots)
        {
            Buffer.MemoryCopy(examples.Row(slot), to, (long)width * sizeof(float), (long)width * sizeof(float));
            to += width;
        }
        if (labels != 0)
        {
            var label = (long*)labels;
            foreach (var slot in slots)
                *label++ = examples.Label(slot);
        }
        return View(slots.Length);
    }

    Batch View(int rows)
    {
        if (deviceInputs is not null)
        {
            deviceInputs.copy_(stagedInputs, true);
            deviceLabels?.copy_(stagedLabels!, true);
        }
        if (batch?.Rows == rows)
            return batch;
        inputView?.Dispose();
        labelView?.Dispose();
        inputView = (deviceInputs ?? stagedInputs).narrow(0, 0, rows).DetachFromDisposeScope();
        labelView = (deviceLabels ?? stagedLabels)?.narrow(0, 0, rows).DetachFromDisposeScope();
        return batch = new Batch(inputView, labelView, rows);
    }

    /// <summary>Leaves the gradients of the mean loss, times the replica's share of the whole batch's rows.</summary>
    public void ForwardBackward(Batch rows, IObjective objective, int number, int rowsOfAll, ForwardOrder? order)
    {
        using var scope = NewDisposeScope();
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
        autograd.backward(loss, Weight((float)((double)rows.Rows / rowsOfAll)));
        Loss = loss.item<float>();
    }

    public void Forward(Batch rows, IObjective objective)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        (var loss, Correct) = objective.Compute(Module, rows);
        Loss = loss.item<float>();
    }

    Tensor Weight(float value)
    {
        if (value != weightOfRows)
            weight.fill_(value);
        weightOfRows = value;
        return weight;
    }

    static Tensor Pinned(Tensor tensor, bool pin) => pin ? tensor.pin_memory() : tensor;

    static Tensor Keep(Tensor tensor) => tensor.DetachFromDisposeScope();

    // LibTorch's memory does not move.
    static nint Address(Tensor tensor)
    {
        fixed (byte* first = tensor.bytes)
            return (nint)first;
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { stagedInputs, stagedLabels, deviceInputs, deviceLabels, weight, inputView, labelView })
            tensor?.Dispose();
        Statistics.Dispose();
    }
}
