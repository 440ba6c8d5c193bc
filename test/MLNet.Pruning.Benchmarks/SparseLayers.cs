using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>A linear layer with most of its weights off: LibTorch's dense product, our sparse one, and PyTorch's own sparse one.</summary>
static class SparseLayers
{
    static readonly int[] percents = [45, 30, 20, 10, 5, 1], batches = [1, 16, 64, 256];

    public static void Run(string[] args)
    {
        var milliseconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 40;
        using var peer = Peer.Python("sparse.py", "1");
        using var off = no_grad();
        foreach (var (outputs, inputs) in new[] { (4096, 1024), (1024, 4096) })
        {
            Table.Title($"{inputs} to {outputs}, microseconds (the best in {milliseconds} ms each); dense and sparse on one thread and on {Environment.ProcessorCount}; ratios of the best of each");
            Console.WriteLine("  on     rows   dense 1   dense n  sparse 1  sparse n   one thread   best/best   torch.sparse   difference");
            foreach (var percent in percents)
                foreach (var rows in batches)
                    Measure(outputs, inputs, percent, rows, milliseconds, peer);
        }
        Table.Title("Convolutions of 3x3, padding 1, microseconds; as above");
        Console.WriteLine("  layer                            on   images   dense 1   dense n  sparse 1  sparse n   one thread   best/best   difference");
        foreach (var (channels, filters, side) in new[] { (32, 64, 32), (64, 128, 16), (128, 256, 8) })
            foreach (var percent in (int[])[30, 20, 15, 10, 5])
                foreach (var images in (int[])[1, 16])
                    Convolve(channels, filters, side, percent, images, milliseconds);
    }

    static void Convolve(int channels, int filters, int side, int percent, int images, double milliseconds)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using var layer = nn.Conv2d(channels, filters, 3, 1, 1);
        layer.weight!.mul_(rand(layer.weight.shape).lt(percent / 100.0));
        var input = randn(images, channels, side, side);
        using var plan = SparsePlan.For(layer, [channels, side, side], SparseScoring.Sparse);
        Func<Tensor> dense = () => layer.call(input), ours = () => plan.Run(() => layer.call(input));
        var difference = (dense() - ours()).abs().max().item<float>();
        set_num_threads(1);
        var (denseOne, sparseOne) = Best(dense, ours, milliseconds);
        set_num_threads(Environment.ProcessorCount);
        var (denseMany, sparseMany) = Best(dense, ours, milliseconds);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {$"{channels} to {filters} channels, {side}x{side}",-28} {percent,4} % {images,6} {denseOne,9:F0} {denseMany,9:F0} {sparseOne,9:F0} {sparseMany,9:F0} {denseOne / sparseOne,10:F2} x {Math.Min(denseOne, denseMany) / Math.Min(sparseOne, sparseMany),9:F2} x {difference,12:E1}"));
    }

    static void Measure(int outputs, int inputs, int percent, int rows, double milliseconds, Peer? peer)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using var layer = nn.Linear(inputs, outputs);
        layer.weight!.mul_(rand(outputs, inputs).lt(percent / 100.0));
        var input = randn(rows, inputs);
        using var plan = SparsePlan.For(layer, [inputs], SparseScoring.Sparse);
        Func<Tensor> dense = () => layer.call(input), ours = () => plan.Run(() => layer.call(input));
        var difference = (dense() - ours()).abs().max().item<float>();
        set_num_threads(1);
        var (denseOne, sparseOne) = Best(dense, ours, milliseconds);
        set_num_threads(Environment.ProcessorCount);
        var (denseMany, sparseMany) = Best(dense, ours, milliseconds);
        double? theirs = null;
        if (peer is not null)
        {
            theirs = peer.Ask($"{outputs} {inputs} {percent} {rows} {(int)Math.Clamp(milliseconds * 1000 / sparseOne / 4, 1, 100)}");
            peer.AwaitRest();
        }
        // LibTorch gives a single row of a batch to the product of matrices; that of a matrix and a vector is what it could do.
        var note = rows == 1 ? string.Create(CultureInfo.InvariantCulture, $"   LibTorch's mv {Best(() => layer.weight!.mv(input[0]), ours, milliseconds).Dense:F0}") : "";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {percent,3} % {rows,6} {denseOne,9:F0} {denseMany,9:F0} {sparseOne,9:F0} {sparseMany,9:F0} {denseOne / sparseOne,10:F2} x {Math.Min(denseOne, denseMany) / Math.Min(sparseOne, sparseMany),9:F2} x {theirs,14:F0} {difference,12:E1}{note}"));
    }

    static (double Dense, double Sparse) Best(Func<Tensor> dense, Func<Tensor> sparse, double milliseconds)
    {
        var (one, other) = (double.PositiveInfinity, double.PositiveInfinity);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 4 || Stopwatch.GetElapsedTime(began).TotalMilliseconds < 2 * milliseconds; i++)
            (one, other) = (Math.Min(one, Once(dense)), Math.Min(other, Once(sparse)));
        return (one, other);
    }

    static double Once(Func<Tensor> compute)
    {
        var began = Stopwatch.GetTimestamp();
        compute().Dispose();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }
}
