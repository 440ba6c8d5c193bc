using System.Runtime.CompilerServices;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Burden;

/// <summary>Sums on the CPU, by the threads that step the parameters: each has its own for the neurons, and parts of neurons, that lie in its slice.</summary>
sealed unsafe class SliceSums : IBurdenSums
{
    readonly float* gradients, weights;
    readonly MaskedWeights? masked;
    readonly long[] starts;
    readonly RowPiece[][] pieces;
    readonly (double Gradients, double Weights)[][] sums;

    /// <param name="model">The parameters and their gradients.</param>
    /// <param name="masked">Which of them are on; null where all are.</param>
    /// <param name="rows">The neurons.</param>
    /// <param name="starts">Where slices begin, and the end of the last.</param>
    public SliceSums(FlatModel model, MaskedWeights? masked, IEnumerable<NeuronRows> rows, long[] starts)
    {
        (this.masked, this.starts) = (masked, starts);
        gradients = FlatStorage.Begin(model.Gradients.Vector);
        weights = FlatStorage.Begin(model.Values.Vector);
        var slices = new List<RowPiece>[starts.Length - 1];
        for (var slice = 0; slice < slices.Length; slice++)
            slices[slice] = [];
        foreach (var piece in rows.SelectMany(r => r.Pieces()))
            for (var slice = SliceOf(piece.From); slice < slices.Length && starts[slice] < piece.From + piece.Length; slice++)
            {
                int from = (int)Math.Max(piece.From, starts[slice]), to = (int)Math.Min(piece.From + piece.Length, starts[slice + 1]);
                if (from < to)
                    slices[slice].Add(piece with { From = from, Length = to - from });
            }
        pieces = [.. slices.Select(s => s.ToArray())];
        sums = [.. pieces.Select(p => new (double, double)[p.Length])];
    }

    int SliceOf(int place) => Array.BinarySearch(starts, place) is var found && found >= 0 ? found : ~found - 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(long from, long to)
    {
        var slice = Array.BinarySearch(starts, from);
        if (slice < 0 || starts[slice + 1] != to)
            throw new InvalidOperationException($"The slice from {from} to {to} is none of those that begin at {string.Join(", ", starts)}.");
        var (some, added) = (pieces[slice], sums[slice]);
        fixed (sbyte* on = masked is null ? default : masked.On)
        {
            for (var i = 0; i < some.Length; i++)
            {
                ref readonly var piece = ref some[i];
                var (g, w) = piece.Masked && on != null
                    ? BurdenKernels.Sum(gradients + piece.From, weights + piece.From, on + piece.From, piece.Length)
                    : BurdenKernels.Sum(gradients + piece.From, weights + piece.From, piece.Length);
                ref var sum = ref added[i];
                sum.Gradients += g;
                sum.Weights += w;
            }
        }
    }

    public void Take(Span<double> gradients, Span<double> weights)
    {
        for (var slice = 0; slice < pieces.Length; slice++)
            for (var i = 0; i < pieces[slice].Length; i++)
            {
                var row = pieces[slice][i].Row;
                gradients[row] += sums[slice][i].Gradients;
                weights[row] += sums[slice][i].Weights;
                sums[slice][i] = default;
            }
    }

    public void Dispose()
    {
    }
}
