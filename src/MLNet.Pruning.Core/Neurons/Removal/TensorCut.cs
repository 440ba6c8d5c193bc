using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>How a tensor has shrunk: which indices of which dimensions are left.</summary>
sealed unsafe record TensorCut(Tensor Tensor, long[] Shape, IReadOnlyList<(int Dimension, long[] Kept)> Kept)
{
    // Below this many bytes, LibTorch's own kernels are as fast; above 2 GiB, a span cannot show the tensor.
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

    /// <summary>The same cut of another tensor of that shape, such as an optimizer's average of the gradients.</summary>
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

    // Rows and columns in one pass over the memory, on all cores.
    Tensor Copied(Tensor other)
    {
        var rows = Of(0);
        var columns = other.Dimensions > 1 ? Of(1) : [0];
        long[] shape = other.Dimensions > 1 ? [rows.Length, columns.Length, .. other.shape[2..]] : [rows.Length];
        var result = empty(shape, dtype: other.dtype, device: other.device);
        var column = other.ElementSize * other.shape.Skip(2).Aggregate(1L, (n, extent) => n * extent);
        var (width, newWidth) = (column * (other.Dimensions > 1 ? other.shape[1] : 1), column * columns.Length);
        // Neighbours that are left are copied together.
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

/// <summary>Shrinks the state that an optimizer of TorchSharp keeps of each parameter as the parameter shrinks.</summary>
static class OptimizerStates
{
    public static void Cut(optim.Optimizer optimizer, IReadOnlyList<TensorCut> cuts)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var states = TorchOptimizerStates.Of(optimizer);
        // Known by where they lie, now that they have shrunk: an embedding makes another object for its weight each time it is asked.
        var owners = SharedTensors.Owners([.. states.Select(s => s.Parameter), .. cuts.Select(c => c.Tensor)]);
        foreach (var (owner, (_, state)) in owners.Zip(states))
        {
            if (owner < states.Count)
                continue;
            var cut = cuts[owner - states.Count];
            foreach (var (_, tensor) in TorchOptimizerStates.Tensors(state))
                if (tensor.shape.SequenceEqual(cut.Shape))
                    tensor.set_(cut.Of(tensor)); // State of other shapes is the whole parameter's.
        }
    }
}
