using System.Runtime.InteropServices;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Masks;

/// <summary>The persistent weights W of a run and their masks M. The model's own parameters hold M * W at all times but within a step of the optimizer.</summary>
/// <remarks>
/// For the step, what is off gets its persistent value put in its place; the optimizer moves it by the gradient of the masked weight like any other; then it is put
/// aside again and zeroed. So any optimizer will do, and what other hooks write to the parameters counts for weights that are on.
/// </remarks>
sealed unsafe class MaskedWeights : IStepObserver, IDisposable
{
    readonly Reactivation reactivation;
    FlatModel model;
    sbyte[] on; // of the flat vector: -1 on, 0 off; what has no mask is on
    Tensor dense; // the same of W; what it holds for weights that are on is not looked at
    Tensor? off; // the mask on a device
    float* parameters, beneath, slopes; // where values, W and gradients begin, on the CPU: to ask a tensor takes longer than a small slice
    bool onCpu;
    long[] offsets;
    IReadOnlyList<(WeightMask Mask, float[] Weights)>? taken;

    public MaskedWeights(FlatModel model, IReadOnlyList<MaskedLayer> layers, Reactivation reactivation)
    {
        (this.model, Layers, this.reactivation) = (model, layers, reactivation);
        if (model.Values.Length > int.MaxValue / sizeof(float))
            throw new NotSupportedException($"The model has {model.Values.Length} parameters; masks can be had for {int.MaxValue / sizeof(float)}.");
        (on, dense, offsets) = Blank();
    }

    public IReadOnlyList<MaskedLayer> Layers { get; }

    /// <summary>Whether what lies beneath is all numbers.</summary>
    public bool IsFinite()
    {
        using var scope = NewDisposeScope();
        return dense.isfinite().all().item<bool>();
    }

    public long Length => model.Values.Length;

    /// <summary>Changes whenever masks may have.</summary>
    public int Version { get; private set; }

    /// <summary>The masks over the flat vector: -1 on, 0 off; what has no mask is on.</summary>
    public ReadOnlySpan<sbyte> On => on;

    /// <summary>The same on a device or not, true where off; the caller's dispose scope's.</summary>
    public Tensor OffTensor() => off?.alias() ?? tensor(Array.ConvertAll(on, bit => bit == 0));

    /// <summary>Whether the gradients of what must not move are taken away on the way to the optimizer, by the threads that step; otherwise who made this does so earlier.</summary>
    public bool MasksGradientsInStep { get; init; }

    /// <summary>The part of its value that a weight that lives on keeps with every step.</summary>
    public float Kept { get; init; } = 1;

    public bool Persistent => reactivation == Reactivation.Persistent;

    /// <summary>Puts persistent values in place of zeros.</summary>
    public void BeforeStep(long from, long to)
    {
        if (!Persistent)
        {
            if (MasksGradientsInStep)
                MaskGradients(from, to);
            return;
        }
        if (onCpu)
            MaskKernels.FillOff(Span(parameters, from, to), Span(beneath, from, to), Mask(from, to));
        else
            OnDevice(() => model.Values.Vector.copy_(where(off!, dense, model.Values.Vector)));
    }

    /// <summary>Puts aside what is off, and zeroes it.</summary>
    public void AfterStep(long from, long to)
    {
        if (!onCpu)
        {
            OnDevice(() =>
            {
                if (Persistent)
                    dense.copy_(model.Values.Vector);
                if (Kept < 1)
                {
                    using var kept = Scalars.Of(Kept);
                    dense.mul_(kept);
                }
                model.Values.Vector.masked_fill_(off!, Scalars.Zero);
            });
        }
        else if (Persistent)
            MaskKernels.CopyAndZeroOff(Span(parameters, from, to), Span(beneath, from, to), Mask(from, to), Kept);
        else
            MaskKernels.ZeroOff(Span(parameters, from, to), Mask(from, to));
    }

    /// <summary>Takes the gradients of what is off away, where it must not move.</summary>
    public void MaskGradients(long from, long to)
    {
        if (onCpu)
            MaskKernels.ZeroOff(Span(slopes, from, to), Mask(from, to));
        else
            OnDevice(() => model.Gradients.Vector.masked_fill_(off!, Scalars.Zero));
    }

    /// <summary>Zeroes what is off, however the step ended.</summary>
    public void Restore()
    {
        if (onCpu)
            MaskKernels.ZeroOff(Span(parameters, 0, Length), Mask(0, Length));
        else
            OnDevice(() => model.Values.Vector.masked_fill_(off!, Scalars.Zero));
    }

    /// <summary>All gradients as they are, in memory order.</summary>
    public float[] Gradients()
    {
        using var scope = NewDisposeScope();
        return Span(Near(model.Gradients.Vector), 0, Length).ToArray();
    }

    /// <summary>Takes up what was kept.</summary>
    public void Settle()
    {
        if (taken is not { } saved)
            return;
        taken = null;
        if (saved.Count != Layers.Count || saved.Zip(Layers).FirstOrDefault(s => s.First.Mask.Name != s.Second.Name || !s.First.Mask.Shape.SequenceEqual(s.Second.Parameter.shape)) is { First.Mask: not null })
            throw new InvalidDataException($"The checkpoint's masks are of another model: of {string.Join(", ", saved.Select(s => $"{s.Mask.Name} [{string.Join(", ", s.Mask.Shape)}]"))}.");
        Change((weights, on) =>
        {
            for (var l = 0; l < Layers.Count; l++)
            {
                var range = RangeOf(l);
                Bits(saved[l].Mask, on[range]);
                saved[l].Weights.CopyTo(weights[range]);
            }
        });
    }

    /// <summary>A mask as bytes.</summary>
    public static void Bits(WeightMask mask, Span<sbyte> on)
    {
        for (var i = 0; i < on.Length; i++)
            on[i] = (sbyte)(mask.On[i] ? -1 : 0);
    }

    /// <summary>Lets masks and persistent values be changed, and makes the model follow.</summary>
    /// <param name="change">Is given W whole, and M.</param>
    public void Change(ChangeMasks change)
    {
        Settle();
        Version++;
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var values = Near(model.Values.Vector);
        var all = Near(dense);
        var weights = Span(all, 0, Length);
        var seen = Span(values, 0, Length);
        MaskKernels.FillOff(seen, weights, on);
        seen.CopyTo(weights);
        change(weights, on);
        weights.CopyTo(seen);
        MaskKernels.ZeroOff(seen, on);
        if (onCpu)
            return;
        dense.copy_(all);
        model.Values.Vector.copy_(values);
        Upload();
    }

    /// <summary>Does something while only the weights with the largest magnitudes are active, and puts the others back.</summary>
    /// <param name="sparsity">Per layer, the fraction that is inactive meanwhile.</param>
    /// <param name="action">What to do.</param>
    public void Try(IReadOnlyList<double> sparsity, Action action)
    {
        Settle();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var kept = model.Values.Vector.clone();
        var values = Near(model.Values.Vector);
        var weights = Span(values, 0, Length);
        MaskKernels.FillOff(weights, Span(Near(dense), 0, Length), on);
        for (var l = 0; l < Layers.Count; l++)
        {
            var some = weights[RangeOf(l)];
            var (magnitudes, active) = (new float[some.Length], new sbyte[some.Length]);
            Magnitude.Absolute(some, magnitudes);
            TopScores.Keep(magnitudes, Densities.On(sparsity[l], some.Length), active);
            MaskKernels.ZeroOff(some, active);
        }
        if (!onCpu)
            model.Values.Vector.copy_(values);
        try
        {
            action();
        }
        finally
        {
            model.Values.Vector.copy_(kept);
        }
    }

    public delegate void ChangeMasks(Span<float> weights, Span<sbyte> on);

    /// <summary>Where a layer lies in the flat vector.</summary>
    public Range RangeOf(int layer) => (int)offsets[layer]..(int)(offsets[layer] + Layers[layer].Parameter.NumberOfElements);

    public WeightMasks Masks()
    {
        Settle();
        return new(Layers.Select((layer, l) => new WeightMask(layer.Name, layer.Parameter.shape, Array.ConvertAll(on[RangeOf(l)], bit => bit != 0))));
    }

    /// <summary>A copy of the persistent weights of a layer, in memory order.</summary>
    public float[] Dense(int layer)
    {
        Settle();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var range = RangeOf(layer);
        var weights = Span(Near(model.Values.Vector), 0, Length)[range].ToArray();
        MaskKernels.FillOff(weights, Span(Near(dense), 0, Length)[range], on.AsSpan(range));
        return weights;
    }

    /// <summary>Writes masks and what lies beneath them.</summary>
    public void Write(BinaryWriter writer)
    {
        var masks = Masks().Masks;
        writer.Write(masks.Count);
        for (var l = 0; l < masks.Count; l++)
        {
            writer.Write(masks[l].Name);
            Blob(masks[l].ToBytes());
            Blob(MemoryMarshal.AsBytes(Dense(l).AsSpan()));
        }

        void Blob(ReadOnlySpan<byte> bytes)
        {
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
    }

    /// <summary>Keeps what was written until the model has the shape that it had then.</summary>
    public void Read(BinaryReader reader)
    {
        var saved = new (WeightMask, float[])[reader.ReadCount()];
        for (var l = 0; l < saved.Length; l++)
        {
            var name = reader.ReadString();
            var mask = WeightMask.FromBytes(name, reader.ReadBlob());
            var weights = MemoryMarshal.Cast<byte, float>(reader.ReadBlob()).ToArray();
            if (weights.Length != mask.Count)
                throw new InvalidDataException($"The checkpoint has {weights.Length} weights of '{name}' and a mask of {mask.Count}.");
            saved[l] = (mask, weights);
        }
        taken = saved;
    }

    /// <summary>Follows the model into its new shape.</summary>
    public void Reshaped(TrainingRun run, Reshaped reshaped)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Version++;
        var (oldOn, oldDense, oldOffsets, oldShapes) = (on, dense, offsets, shapes);
        model = run.Flat;
        (on, dense, offsets) = Blank();
        for (var l = 0; l < Layers.Count; l++)
        {
            using var one = NewDisposeScope();
            var parameter = model.Parameters.First(p => p.storage_offset() == offsets[l] && p.NumberOfElements == Layers[l].Parameter.NumberOfElements);
            var count = oldShapes[l].Aggregate(1L, (n, extent) => n * extent);
            var mask = empty(oldShapes[l], dtype: ScalarType.Int8);
            MemoryMarshal.AsBytes(oldOn.AsSpan((int)oldOffsets[l], (int)count)).CopyTo(mask.bytes);
            MemoryMarshal.Cast<byte, sbyte>(reshaped(parameter, mask).bytes).CopyTo(on.AsSpan(RangeOf(l)));
            dense.narrow(0, offsets[l], Layers[l].Parameter.NumberOfElements).copy_(reshaped(parameter, oldDense.narrow(0, oldOffsets[l], count).view(oldShapes[l])).reshape(-1));
        }
        oldDense.Dispose();
        if (!onCpu)
            Upload();
    }

    public void Replacing(TrainingRun run) => throw new InvalidOperationException(
        "The model cannot be replaced, nor what is kept of its parameters forgotten, in a run that prunes weights: their masks are this model's.");

    long[][] shapes = [];

    (sbyte[] On, Tensor Dense, long[] Offsets) Blank()
    {
        using var none = no_grad();
        var all = new sbyte[Length];
        Array.Fill(all, (sbyte)-1);
        shapes = [.. Layers.Select(l => l.Parameter.shape)];
        onCpu = model.Values.Vector.device_type == TorchSharp.DeviceType.CPU;
        var values = zeros_like(model.Values.Vector).DetachFromDisposeScope();
        if (onCpu)
        {
            parameters = FlatStorage.Begin(model.Values.Vector);
            beneath = FlatStorage.Begin(values);
            slopes = FlatStorage.Begin(model.Gradients.Vector);
        }
        if (!onCpu)
        {
            off?.Dispose();
            off = zeros([Length], dtype: ScalarType.Bool, device: values.device).DetachFromDisposeScope();
        }
        return (all, values, [.. Layers.Select(l => model.OffsetOf(l.Parameter))]);
    }

    void Upload()
    {
        using var scope = NewDisposeScope();
        off!.copy_(tensor(Array.ConvertAll(on, bit => bit == 0)));
    }

    Tensor Near(Tensor vector) => onCpu ? vector : vector.cpu();

    static void OnDevice(Action work)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        work();
    }

    ReadOnlySpan<sbyte> Mask(long from, long to) => on.AsSpan((int)from, (int)(to - from));

    static Span<float> Span(float* vector, long from, long to) => new(vector + from, (int)(to - from));

    static Span<float> Span(Tensor vector, long from, long to) => MemoryMarshal.Cast<byte, float>(vector.bytes).Slice((int)from, (int)(to - from));

    public void Dispose()
    {
        dense.Dispose();
        off?.Dispose();
    }
}
