using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>The contiguous rows of one replica's share of a batch, as input for the model.</summary>
sealed unsafe class BatchBuffer : IDisposable
{
    readonly Tensor stagedInputs;
    readonly Tensor? stagedLabels;
    readonly Tensor? deviceInputs;
    readonly Tensor? deviceLabels;
    readonly nint inputs;
    readonly nint labels;
    readonly int capacity, width;
    Tensor? inputView;
    Tensor? labelView;

    public BatchBuffer(ExampleBuffer examples, int capacity, Device device)
    {
        (this.capacity, width) = (capacity, examples.Width);
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
    }

    /// <summary>The latest view.</summary>
    public Batch? Batch { get; private set; }

    /// <summary>Copies rows <paramref name="from"/> to <paramref name="to"/> of the chosen rows, with changes if there are any.</summary>
    public void Copy(ExampleBuffer examples, ReadOnlySpan<int> slots, int from, int to, ImageChanges changes)
    {
        if (slots.Length > capacity || examples.Width != width || (labels != 0 && !examples.HasLabels))
            throw new ArgumentException($"{slots.Length} examples of {examples.Width} numbers do not fit where {capacity} of {width} were "
                + "expected.");
        var rowBytes = (long)width * sizeof(float);
        for (var row = from; row < to; row++)
        {
            var source = examples.Row(slots[row]);
            var target = (float*)inputs + (long)row * width;
            if (changes.Changer is { } changer)
                changer.Write(source, target, changes.Step, slots[row]);
            else
                Buffer.MemoryCopy(source, target, rowBytes, rowBytes);
        }
        if (labels == 0)
            return;
        for (var row = from; row < to; row++)
            ((long*)labels)[row] = examples.Label(slots[row]);
    }

    /// <summary>The first rows, on the device.</summary>
    public Batch View(int rows)
    {
        if (deviceInputs is not null)
        {
            deviceInputs.copy_(stagedInputs, true);
            deviceLabels?.copy_(stagedLabels!, true);
        }
        if (Batch?.Rows == rows)
            return Batch;
        inputView?.Dispose();
        labelView?.Dispose();
        inputView = Keep((deviceInputs ?? stagedInputs).narrow(0, 0, rows));
        labelView = (deviceLabels ?? stagedLabels)?.narrow(0, 0, rows).DetachFromDisposeScope();
        return Batch = new Batch(inputView, labelView, rows);
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
        foreach (var tensor in new[] { stagedInputs, stagedLabels, deviceInputs, deviceLabels, inputView, labelView })
            tensor?.Dispose();
    }
}
