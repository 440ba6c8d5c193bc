using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Makes each given tensor a view into one contiguous vector, so that all can be zeroed, added or scaled in one call.</summary>
sealed class FlatStorage : IDisposable
{
    // 64 bytes of floats, so that every tensor starts on a cache line.
    const long Step = 16;

    FlatStorage(Tensor vector) => Vector = vector;

    /// <summary>The vector; of length 0 if there are no tensors.</summary>
    public Tensor Vector { get; }

    public long Length { get; private init; }

    /// <summary>The address of a vector of floats on the CPU. LibTorch's memory does not move.</summary>
    public static unsafe float* Begin(Tensor vector)
    {
        // Only the first number: a span over two gigabytes would be too long.
        using var first = vector.narrow(0, 0, Math.Min(1, vector.NumberOfElements));
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, float>(first.bytes)));
    }

    /// <summary>
    /// Moves the values of <paramref name="tensors"/> (single precision, one device) into a new vector, and makes them views of it.
    /// </summary>
    public static FlatStorage Under(IReadOnlyList<Tensor> tensors, Device device)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var length = tensors.Sum(t => Rounded(t.NumberOfElements));
        var vector = empty(length, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        long offset = 0;
        foreach (var tensor in tensors)
        {
            var (count, rounded) = (tensor.NumberOfElements, Rounded(tensor.NumberOfElements));
            var view = vector.narrow(0, offset, count).view(tensor.shape);
            view.copy_(tensor);
            tensor.set_(view);
            // Gaps between tensors are updated with them, so they must be zero.
            if (rounded > count)
                vector.narrow(0, offset + count, rounded - count).zero_();
            offset += rounded;
        }
        return new FlatStorage(vector) { Length = length };
    }

    /// <summary>Gives parameters zero gradients that are views of a new vector.</summary>
    public static FlatStorage GradientsOf(IReadOnlyList<Tensor> parameters, Device device)
    {
        using var scope = NewDisposeScope();
        var length = parameters.Sum(p => Rounded(p.NumberOfElements));
        var vector = zeros(length, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        foreach (var (parameter, offset) in parameters.Zip(Offsets(parameters)))
            parameter.grad = vector.narrow(0, offset, parameter.NumberOfElements).view(parameter.shape);
        return new FlatStorage(vector) { Length = length };
    }

    /// <summary>The offset of each tensor.</summary>
    public static long[] Offsets(IReadOnlyList<Tensor> tensors)
    {
        var offsets = new long[tensors.Count];
        for (var i = 1; i < offsets.Length; i++)
            offsets[i] = offsets[i - 1] + Rounded(tensors[i - 1].NumberOfElements);
        return offsets;
    }

    /// <summary>Divides a length into equal pieces that begin on cache lines: the starts, and the end.</summary>
    public static long[] Cuts(long length, int count) =>
        [.. Enumerable.Range(0, count).Select(i => length / Step * i / count * Step), length];

    static long Rounded(long count) => (count + Step - 1) / Step * Step;

    public void Dispose() => Vector.Dispose();
}
