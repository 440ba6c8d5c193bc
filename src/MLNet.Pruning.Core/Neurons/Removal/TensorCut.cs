using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>How a tensor has shrunk: the indices of each dimension that are left.</summary>
sealed unsafe record TensorCut(Tensor Tensor, long[] Shape, IReadOnlyList<(int Dimension, long[] Kept)> Kept)
{
    // Below this size in bytes, LibTorch's own kernels are as fast; above 2 GiB, a tensor is too long for a span.
    const long Large = 1 << 20, Largest = int.MaxValue;

    public long[] NewShape
    {
        get
        {
            long[] shape = [.. Shape];
            foreach (var (dimension, kept) in Kept)
                shape[dimension] = kept.Length;
            return shape;
        }
    }

    /// <summary>Applies the same cut to another tensor of the old shape, such as an optimizer's average of the gradients.</summary>
    public Tensor Of(Tensor other)
    {
        var bytes = other.NumberOfElements * other.ElementSize;
        if (other.device_type == TorchSharp.DeviceType.CPU && other.is_contiguous() && bytes is >= Large and <= Largest
            && Kept.All(k => k.Dimension < 2))
            return Copied(other);
        foreach (var (dimension, kept) in Kept)
            other = other.index_select(dimension, tensor(kept, device: other.device));
        return other.contiguous();
    }

    // Cuts rows and columns in one pass over the memory, on all cores.
    Tensor Copied(Tensor other)
    {
        var rows = Of(0);
        var columns = other.Dimensions > 1 ? Of(1) : [0];
        long[] shape = other.Dimensions > 1 ? [rows.Length, columns.Length, .. other.shape[2..]] : [rows.Length];
        var result = empty(shape, dtype: other.dtype, device: other.device);
        var column = other.ElementSize * other.shape.Skip(2).Aggregate(1L, (n, extent) => n * extent);
        var (width, newWidth) = (column * (other.Dimensions > 1 ? other.shape[1] : 1), column * columns.Length);
        // Copies adjacent indices together.
        var runs = new List<(long From, long To, long Length)>();
        for (int start = 0, i = 1; i <= columns.Length; i++)
            if (i == columns.Length || columns[i] != columns[i - 1] + 1)
            {
                runs.Add((columns[start] * column, start * column, (i - start) * column));
                start = i;
            }
        fixed (byte* source = other.bytes, target = result.bytes)
        {
            var (from, to) = ((nint)source, (nint)target);
            Parallel.For(0, rows.Length, r =>
            {
                var row = (byte*)from + rows[r] * width;
                var newRow = (byte*)to + r * newWidth;
                foreach (var (start, place, length) in runs)
                    Buffer.MemoryCopy(row + start, newRow + place, length, length);
            });
        }
        return result;

        long[] Of(int dimension)
        {
            foreach (var (d, kept) in Kept)
                if (d == dimension)
                    return kept;
            return [.. Enumerable.Range(0, (int)other.shape[dimension]).Select(i => (long)i)];
        }
    }
}

/// <summary>Shrinks the state of a TorchSharp optimizer when its parameters shrink.</summary>
static class OptimizerStates
{
    public static void Cut(optim.Optimizer optimizer, IReadOnlyList<TensorCut> cuts)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var states = TorchOptimizerStates.Of(optimizer);
        // Match parameters by memory address now that they have shrunk: an embedding returns another object for its weight each time.
        var owners = SharedTensors.Owners([.. states.Select(s => s.Parameter), .. cuts.Select(c => c.Tensor)]);
        foreach (var (owner, (_, state)) in owners.Zip(states))
        {
            if (owner < states.Count)
                continue;
            var cut = cuts[owner - states.Count];
            foreach (var (_, tensor) in TorchOptimizerStates.Tensors(state))
                if (tensor.shape.SequenceEqual(cut.Shape))
                    tensor.set_(cut.Of(tensor)); // state of another shape belongs to the whole parameter
        }
    }
}
