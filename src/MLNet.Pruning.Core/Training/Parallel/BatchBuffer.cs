using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>The contiguous rows of one replica's share of a batch, as input for the model.</summary>
sealed unsafe class BatchBuffer : IDisposable
{
    readonly StagedColumn inputs;
    readonly StagedColumn? labels, targets, weights;
    readonly StagedColumn[] columns;
    readonly int capacity, width;

    public BatchBuffer(ExampleBuffer examples, int capacity, Device device)
    {
        (this.capacity, width) = (capacity, examples.Width);
        inputs = new([capacity, .. examples.Shape], ScalarType.Float32, device);
        labels = examples.HasLabels ? new([capacity], ScalarType.Int64, device) : null;
        targets = examples.HasTargets ? new([capacity], ScalarType.Float32, device) : null;
        weights = examples.HasWeights ? new([capacity], ScalarType.Float32, device) : null;
        columns = [.. new[] { inputs, labels, targets, weights }.OfType<StagedColumn>()];
    }

    /// <summary>The latest view.</summary>
    public Batch? Batch { get; private set; }

    /// <summary>Copies rows <paramref name="from"/> to <paramref name="to"/> of the chosen rows, with changes if there are any.</summary>
    public void Copy(ExampleBuffer examples, ReadOnlySpan<int> slots, int from, int to, ImageChanges changes)
    {
        if (slots.Length > capacity || examples.Width != width || (labels is not null && !examples.HasLabels)
            || (targets is not null && !examples.HasTargets))
            throw new ArgumentException($"{slots.Length} examples of {examples.Width} numbers do not fit where {capacity} of {width} were "
                + "expected.");
        var rowBytes = (long)width * sizeof(float);
        for (var row = from; row < to; row++)
        {
            var source = examples.Row(slots[row]);
            var target = (float*)inputs.Address + (long)row * width;
            if (changes.Changer is { } changer)
                changer.Write(source, target, changes.Step, slots[row]);
            else
                Buffer.MemoryCopy(source, target, rowBytes, rowBytes);
        }
        if (labels is null && targets is null && weights is null)
            return;
        for (var row = from; row < to; row++)
        {
            var answer = examples.Answer(slots[row]);
            if (labels is not null)
                ((long*)labels.Address)[row] = answer.Label;
            if (targets is not null)
                ((float*)targets.Address)[row] = answer.Target;
            if (weights is not null)
                ((float*)weights.Address)[row] = answer.Weight; // 1 where the examples, such as a validation set, have none
        }
    }

    /// <summary>The first rows, on the device.</summary>
    public Batch View(int rows)
    {
        foreach (var column in columns)
            column.Upload();
        return Batch?.Rows == rows ? Batch
            : Batch = new Batch(inputs.View(rows), labels?.View(rows), targets?.View(rows), weights?.View(rows), rows)
            {
                InputsAt = inputs.Address,
                LabelsAt = labels?.Address ?? 0,
                TargetsAt = targets?.Address ?? 0,
                WeightsAt = weights?.Address ?? 0,
                Width = width,
            };
    }

    public void Dispose()
    {
        foreach (var column in columns)
            column.Dispose();
    }
}

/// <summary>Room for a tensor of some rows in the CPU's memory, and on the device if that is another.</summary>
sealed unsafe class StagedColumn : IDisposable
{
    readonly Tensor staged;
    readonly Tensor? onDevice;
    Tensor? view;

    public StagedColumn(long[] shape, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        var here = device.type == DeviceType.CPU;
        var room = zeros(shape, dtype: type);
        staged = (here ? room : room.pin_memory()).DetachFromDisposeScope();
        onDevice = here ? null : empty(shape, dtype: type, device: device).DetachFromDisposeScope();
        // LibTorch's memory does not move.
        fixed (byte* first = staged.bytes)
            Address = (nint)first;
    }

    /// <summary>Where rows are written.</summary>
    public nint Address { get; }

    /// <summary>Copies what was written to the device.</summary>
    public void Upload() => onDevice?.copy_(staged, true);

    /// <summary>The first rows. The view before is disposed of.</summary>
    public Tensor View(int rows)
    {
        view?.Dispose();
        return view = (onDevice ?? staged).narrow(0, 0, rows).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        view?.Dispose();
        onDevice?.Dispose();
        staged.Dispose();
    }
}
