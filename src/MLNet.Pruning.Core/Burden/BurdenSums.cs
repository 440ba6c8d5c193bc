using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Where the weights of each neuron of a watched layer lie in the flat vector.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="From">Where the parameter begins.</param>
/// <param name="FirstRow">The number of its first neuron among the neurons of all layers.</param>
/// <param name="Axis">The dimension that counts neurons.</param>
sealed record NeuronRows(string Name, long[] Shape, int From, int FirstRow, int Axis)
{
    /// <summary>How many neurons there are.</summary>
    public int Count => (int)Shape[Axis];

    public int Length => (int)Shape.Aggregate(1L, (n, extent) => n * extent);

    /// <summary>Contiguous runs of weights of one neuron, in the order of the flat vector.</summary>
    public IEnumerable<(int From, int Length, int Row)> Pieces()
    {
        var outer = Axis == 0 ? 1 : (int)Shape[0];
        var width = Length / outer / Count;
        for (var piece = 0; piece < outer * Count; piece++)
            yield return (From + piece * width, width, FirstRow + piece % Count);
    }
}

/// <summary>
/// Sums of |gradient| and |weight| over the active weights of each neuron and over steps. On a device it uses a few operators per layer;
/// on the CPU the threads that step add piece by piece of the flat vector, while a piece is in the cache.
/// </summary>
sealed unsafe class BurdenSums : IDisposable
{
    readonly FlatModel model;
    readonly MaskedWeights? masked;
    readonly Tensor? totals; // [2, neurons], summed by operators
    readonly long[] starts; // of the pieces of the step
    readonly int[] first; // of the runs in each of these pieces
    readonly (int From, int Length, int Row)[] runs;
    readonly (double Gradients, double Weights)[] sums; // of each run
    readonly sbyte[] all; // replaces the masks if there are none
    readonly float* gradients, weights;

    public BurdenSums(TrainingRun run, IEnumerable<MaskedLayer> watched, MaskedWeights? masked, bool byOperators)
    {
        (model, this.masked, starts) = (run.Flat, masked, run.Optimizer.Pieces);
        var layers = new List<NeuronRows>();
        foreach (var layer in watched)
        {
            // The outputs of a transposed convolution are its second dimension; in groups, a neuron stands for the outputs at the same
            // place in each group.
            var axis = layer.Axis == 0 && layer.Parameter.Dimensions > 1 ? 1 : 0;
            layers.Add(new(layer.Name, layer.Parameter.shape, checked((int)model.OffsetOf(layer.Parameter)), Count, axis));
            Count += layers[^1].Count;
        }
        Layers = layers;
        all = masked is null ? new sbyte[model.Values.Length] : [];
        Array.Fill(all, (sbyte)-1);
        // A run that crosses into the next piece of the step is split there.
        var (cut, piece) = (new List<(int From, int Length, int Row)>(), 0);
        first = new int[starts.Length];
        foreach (var (begin, length, row) in layers.SelectMany(l => l.Pieces()).OrderBy(p => p.From))
            for (var from = begin; from < begin + length; from += cut[^1].Length)
            {
                while (from >= starts[piece + 1])
                    first[++piece] = cut.Count;
                cut.Add((from, (int)Math.Min(begin + length, starts[piece + 1]) - from, row));
            }
        Array.Fill(first, cut.Count, piece + 1, first.Length - piece - 1);
        runs = [.. cut];
        sums = new (double, double)[runs.Length];
        if (byOperators)
        {
            totals = zeros([2, Count], dtype: ScalarType.Float64, device: model.Values.Vector.device).DetachFromDisposeScope();
            return;
        }
        gradients = FlatStorage.Begin(model.Gradients.Vector);
        weights = FlatStorage.Begin(model.Values.Vector);
    }

    public IReadOnlyList<NeuronRows> Layers { get; }

    /// <summary>The number of neurons of all layers.</summary>
    public int Count { get; }

    ReadOnlySpan<sbyte> Active => masked is null ? all : masked.Active;

    /// <summary>The active weights of each neuron.</summary>
    public int[] CountActive()
    {
        var active = new int[Count];
        foreach (var (from, length, row) in runs)
            active[row] += MaskKernels.CountActive(Active.Slice(from, length));
        return active;
    }

    /// <summary>Adds the values of the piece that begins here. Threads may add different pieces in parallel.</summary>
    public void Add(long from)
    {
        if (totals is null)
            AddPiece(Array.BinarySearch(starts, from));
        else if (from == 0)
            AddByOperators(totals);
    }

    void AddByOperators(Tensor to)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var inactive = masked?.InactiveTensor();
        foreach (var layer in Layers)
            foreach (var (index, vector) in new[] { model.Gradients.Vector, model.Values.Vector }.Index())
            {
                var values = Of(vector, layer).abs();
                if (inactive is not null)
                    values = values.masked_fill(Of(inactive, layer), Scalars.Zero);
                var rows = values.transpose(0, layer.Axis).reshape(layer.Count, -1).sum(1, false, ScalarType.Float64);
                to[index].narrow(0, layer.FirstRow, layer.Count).add_(rows, Scalars.One);
            }

        static Tensor Of(Tensor vector, NeuronRows layer) => vector.narrow(0, layer.From, layer.Length).view(layer.Shape);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void AddPiece(int piece)
    {
        fixed (sbyte* mask = Active)
            for (var i = first[piece]; i < first[piece + 1]; i++)
            {
                var (from, length, _) = runs[i];
                var (g, w) = Sum(gradients + from, weights + from, mask + from, length);
                ref var sum = ref sums[i];
                sum = (sum.Gradients + g, sum.Weights + w);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static (float Gradients, float Weights) Sum(float* gradients, float* weights, sbyte* mask, int length)
    {
        Vector256<float> g0 = default, g1 = default, w0 = default, w1 = default;
        var (i, width) = (0, Vector256<float>.Count);
        for (; i <= length - 2 * width; i += 2 * width)
        {
            Add(gradients + i, weights + i, mask + i, ref g0, ref w0);
            Add(gradients + i + width, weights + i + width, mask + i + width, ref g1, ref w1);
        }
        if (i <= length - width)
        {
            Add(gradients + i, weights + i, mask + i, ref g0, ref w0);
            i += width;
        }
        var (g, w) = (Vector256.Sum(g0 + g1), Vector256.Sum(w0 + w1));
        for (; i < length; i++)
            if (mask[i] != 0)
                (g, w) = (g + Math.Abs(gradients[i]), w + Math.Abs(weights[i]));
        return (g, w);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(float* gradients, float* weights, sbyte* mask, ref Vector256<float> g, ref Vector256<float> w)
    {
        // Widens eight bytes of -1 or 0 to the bits of eight floats.
        var shorts = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)mask).AsSByte());
        var bits = Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts)).AsSingle();
        g += Vector256.Abs(Vector256.Load(gradients)) & bits;
        w += Vector256.Abs(Vector256.Load(weights)) & bits;
    }

    /// <summary>The sums per neuron; resets them.</summary>
    public (double Gradients, double Weights)[] Take()
    {
        var taken = new (double Gradients, double Weights)[Count];
        if (totals is not null)
        {
            using var near = totals.cpu();
            var values = near.data<double>().ToArray();
            totals.zero_();
            return [.. taken.Select((_, row) => (values[row], values[Count + row]))];
        }
        for (var i = 0; i < runs.Length; i++)
        {
            ref var sum = ref taken[runs[i].Row];
            sum = (sum.Gradients + sums[i].Gradients, sum.Weights + sums[i].Weights);
        }
        Array.Clear(sums);
        return taken;
    }

    public void Dispose() => totals?.Dispose();
}
