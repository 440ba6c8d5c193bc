using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Whether a smaller network computes what the masked one computes, to rounding.</summary>
static class Agreement
{
    /// <summary>The largest difference, as a share of the largest output.</summary>
    /// <exception cref="InvalidOperationException">The outputs differ by more than rounding.</exception>
    public static double Check(IReadOnlyList<Tensor> masked, IReadOnlyList<Tensor> smaller, bool shapesOnly)
    {
        var largest = 0.0;
        for (var i = 0; i < masked.Count; i++)
        {
            var (a, b) = (masked[i], smaller[i]);
            if (!a.shape.SequenceEqual(b.shape))
                throw new InvalidOperationException($"without it, an output of the network has shape [{string.Join(", ", b.shape)}] instead of [{string.Join(", ", a.shape)}]");
            if (shapesOnly || a.NumberOfElements == 0)
                continue;
            var (x, y) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
            var scale = x.abs().max().item<double>();
            var difference = (x - y).abs().max().item<double>() / (scale > 0 ? scale : 1);
            // Sums of a few thousand terms in another order, through some tens of layers.
            var tolerance = a.dtype switch { ScalarType.Float64 => 1e-9, ScalarType.Float32 => 1e-3, _ => 0.1 };
            if (!(difference <= tolerance))
                throw new InvalidOperationException($"without it, the network's output is off by {difference:G3} of its largest value from what it is when nobody reads it");
            largest = Math.Max(largest, difference);
        }
        return largest;
    }
}
