using static TorchSharp.torch;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>What a network answers.</summary>
static class Answers
{
    /// <summary>The fraction of examples that a model classifies right.</summary>
    public static double Accuracy(nn.Module<Tensor, Tensor> model, IExampleSource rows)
    {
        const int MaximumRows = 1_000;
        var size = (int)rows.Shape.Aggregate(1L, (product, extent) => product * extent);
        var (pixels, labels) = (new float[MaximumRows * size], new long[MaximumRows]);
        var (correct, all, more) = (0L, 0L, true);
        using var noGrad = no_grad();
        using var reader = rows.Open();
        while (more)
        {
            var count = 0;
            while (count < MaximumRows && (more = reader.Read(pixels.AsSpan(count * size, size), out labels[count])))
                count++;
            if (count == 0)
                break;
            using var scope = NewDisposeScope();
            correct += model.call(tensor(pixels.AsSpan(0, count * size).ToArray(), [count, .. rows.Shape])).argmax(1)
                .eq(tensor(labels[..count])).sum().item<long>();
            all += count;
        }
        return (double)correct / all;
    }
}
