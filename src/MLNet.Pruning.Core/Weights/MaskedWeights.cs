using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The persistent weights W of a run and their masks M. The model's own parameters are M * W at all times except within an optimizer step.
/// </summary>
/// <remarks>
/// For a step, inactive weights get their persistent values; the optimizer updates them by the gradient of the masked weight like any
/// other; then they are stored again and zeroed. This works with any optimizer, and what other hooks write to the parameters counts for
/// active weights.
/// </remarks>
sealed unsafe class MaskedWeights : IStepObserver, IActiveWeights, IDisposable, ISnapshotPart
{
    readonly bool persistent;
    FlatModel model;
    sbyte[] active; // of the flat vector: -1 active, 0 inactive; parameters without a mask are active
    Tensor beneath; // W in the layout of the flat vector; undefined for active weights
    Tensor? inactive; // on a device: true for inactive weights
    float* valuesAt, beneathAt, gradientsAt; // where the vectors begin on the CPU: asking a tensor takes longer than a small piece
    long[] offsets;
    long[][] shapes;
    IReadOnlyList<(WeightMask Mask, float[] Weights)>? pending;

    public MaskedWeights(FlatModel model, IReadOnlyList<MaskedLayer> layers, Reactivation reactivation)
    {
        (this.model, Layers, persistent) = (model, layers, reactivation == Reactivation.Persistent);
        if (Length > int.MaxValue / sizeof(float))
            throw new NotSupportedException($"The model has {Length} parameters; masks can be had for {int.MaxValue / sizeof(float)}.");
        Blank();
    }

    public delegate void ChangeMasks(Span<float> weights, Span<sbyte> active);

    public IReadOnlyList<MaskedLayer> Layers { get; }

    public long Length => model.Values.Length;

    /// <summary>Changes whenever masks may have changed.</summary>
    public int Version { get; private set; }

    /// <summary>The masks over the flat vector: -1 active, 0 inactive; parameters without a mask are active.</summary>
    public ReadOnlySpan<sbyte> Active => active;

    /// <summary>
    /// Whether gradients of inactive weights are wanted in this step: persistent ones move by them, and some criteria read them.
    /// </summary>
    public bool AllGradients => persistent || ReadsGradients;

    /// <summary>Whether this step's masks are cut by gradients.</summary>
    public bool ReadsGradients { get; set; }

    /// <summary>The inactive weights as a tensor on the model's device, in the caller's dispose scope.</summary>
    public Tensor InactiveTensor() => inactive?.alias() ?? tensor(Array.ConvertAll(active, bit => bit == 0));

    /// <summary>
    /// Whether the step zeroes the gradients of frozen weights; otherwise the creator calls <see cref="MaskGradients"/> earlier.
    /// </summary>
    public bool MasksGradientsInStep { get; init; }

    /// <summary>The fraction of its value that an inactive weight keeps in every step.</summary>
    public float Kept { get; init; } = 1;

    public bool Persistent => persistent;

    /// <summary>Replaces zeros by the persistent values.</summary>
    public void BeforeStep(long from, long to)
    {
        if (!persistent && MasksGradientsInStep)
            MaskGradients(from, to);
        else if (persistent && inactive is null)
            MaskKernels.Fill(Span(valuesAt, from, to), Span(beneathAt, from, to), Mask(from, to));
        else if (persistent)
            OnDevice(() => model.Values.Vector.copy_(where(inactive!, beneath, model.Values.Vector)));
    }

    /// <summary>Stores the persistent values, and zeroes inactive weights.</summary>
    public void AfterStep(long from, long to)
    {
        if (persistent && inactive is null)
            MaskKernels.CopyAndZero(Span(valuesAt, from, to), Span(beneathAt, from, to), Mask(from, to), Kept);
        else
        {
            if (persistent)
                OnDevice(() => beneath.copy_(Kept == 1 ? model.Values.Vector : model.Values.Vector.Times(Kept)));
            Zero(model.Values.Vector, valuesAt, from, to);
        }
    }

    /// <summary>Zeroes the gradients of inactive weights if these must not change.</summary>
    public void MaskGradients(long from, long to) => Zero(model.Gradients.Vector, gradientsAt, from, to);

    /// <summary>Zeroes inactive weights, however the step ended.</summary>
    public void Restore() => Zero(model.Values.Vector, valuesAt, 0, Length);

    void Zero(Tensor vector, float* begin, long from, long to)
    {
        if (inactive is null)
            MaskKernels.Zero(Span(begin, from, to), Mask(from, to));
        else
            ZeroOnDevice(vector);
    }

    // Apart, as a closure is allocated where its method begins.
    void ZeroOnDevice(Tensor vector) => OnDevice(() => vector.masked_fill_(inactive!, Scalars.Zero));

    /// <summary>Whether all persistent values are finite.</summary>
    public bool IsFinite()
    {
        using var scope = NewDisposeScope();
        return beneath.isfinite().all().item<bool>();
    }

    /// <summary>All gradients, in memory order.</summary>
    public float[] Gradients()
    {
        using var scope = NewDisposeScope();
        return Span(Near(model.Gradients.Vector)).ToArray();
    }

    /// <summary>Sets the masks.</summary>
    public IReadOnlyList<LayerChange> Set(WeightMasks masks) => Change((_, active) =>
    {
        for (var l = 0; l < Layers.Count; l++)
            Bits(masks[Layers[l].Name], active[RangeOf(l)]);
    });

    static void Bits(WeightMask mask, Span<sbyte> active)
    {
        for (var i = 0; i < active.Length; i++)
            active[i] = (sbyte)(mask.Active[i] ? -1 : 0);
    }

    /// <summary>Changes masks and persistent values, and updates the model. If the change fails, everything is as before.</summary>
    /// <param name="change">Gets W, including inactive weights, and M.</param>
    /// <returns>The change of the masks, by layer.</returns>
    public IReadOnlyList<LayerChange> Change(ChangeMasks change)
    {
        ApplyPending();
        Version++;
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (nearValues, nearBeneath, before) = (Near(model.Values.Vector), Near(beneath), active.ToArray());
        Span<float> seen = Span(nearValues), weights = Span(nearBeneath);
        MaskKernels.Fill(seen, weights, active);
        seen.CopyTo(weights);
        try
        {
            change(weights, active);
            weights.CopyTo(seen);
        }
        catch
        {
            before.CopyTo(active, 0);
            seen.CopyTo(weights);
            throw;
        }
        finally
        {
            MaskKernels.Zero(seen, active);
        }
        if (inactive is not null)
        {
            beneath.copy_(nearBeneath);
            model.Values.Vector.copy_(nearValues);
            Upload();
        }
        return [.. Layers.Select((layer, l) =>
        {
            Span<sbyte> was = before.AsSpan(RangeOf(l)), now = active.AsSpan(RangeOf(l));
            var (earlier, count, both) = MaskKernels.Count(was, now);
            return new LayerChange(layer.Name, now.Length, earlier, count, count - both);
        })];
    }

    /// <summary>Runs an action while only the weights with the largest magnitudes are active, and then restores the others.</summary>
    /// <param name="sparsity">Per layer, the inactive fraction during the action.</param>
    /// <param name="action">The action.</param>
    public void Try(IReadOnlyList<double> sparsity, Action action)
    {
        ApplyPending();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (before, near) = (model.Values.Vector.clone(), Near(model.Values.Vector));
        var weights = Span(near);
        MaskKernels.Fill(weights, Span(Near(beneath)), active);
        for (var l = 0; l < Layers.Count; l++)
        {
            var some = weights[RangeOf(l)];
            var (magnitudes, active) = (new float[some.Length], new sbyte[some.Length]);
            Magnitude.Absolute(some, magnitudes);
            TopScores.Keep(magnitudes, MaskUpdate.ActiveCount(sparsity[l], some.Length), active);
            MaskKernels.Zero(some, active);
        }
        if (inactive is not null)
            model.Values.Vector.copy_(near);
        // Other weights than the masks' may be active meanwhile.
        var masks = this.active;
        this.active = new sbyte[Length];
        Array.Fill(this.active, (sbyte)-1);
        Version++;
        try
        {
            action();
        }
        finally
        {
            model.Values.Vector.copy_(before);
            this.active = masks;
            Version++;
        }
    }

    /// <summary>The range of a layer in the flat vector.</summary>
    public Range RangeOf(int layer) => (int)offsets[layer]..(int)(offsets[layer] + Layers[layer].Parameter.NumberOfElements);

    public WeightMasks Masks()
    {
        ApplyPending();
        return new(Layers.Select((layer, l) => new WeightMask(layer.Name, layer.Parameter.shape,
            Array.ConvertAll(active[RangeOf(l)], bit => bit != 0))));
    }

    /// <summary>A copy of the persistent weights of a layer, in memory order.</summary>
    public float[] Dense(int layer)
    {
        ApplyPending();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var range = RangeOf(layer);
        var weights = Span(Near(model.Values.Vector))[range].ToArray();
        MaskKernels.Fill(weights, Span(Near(beneath))[range], active.AsSpan(range));
        return weights;
    }

    public string EntryName => "masks";

    public void Restore(object? shape, BinaryReader reader) => Read(reader);

    public void Restored() => ApplyPending();

    /// <summary>Writes masks and persistent values.</summary>
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

    /// <summary>Reads what was written, and keeps it until the model has its shape of that time.</summary>
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
        pending = saved;
    }

    /// <summary>Applies what was read.</summary>
    public void ApplyPending()
    {
        if (pending is not { } saved)
            return;
        pending = null;
        if (!saved.Select(s => (s.Mask.Name, Shape(s.Mask.Shape))).SequenceEqual(Layers.Select(l => (l.Name, Shape(l.Parameter.shape)))))
            throw new InvalidDataException("The checkpoint's masks are of another model: of "
                + $"{string.Join(", ", saved.Select(s => $"{s.Mask.Name} [{Shape(s.Mask.Shape)}]"))}.");
        Change((weights, active) =>
        {
            for (var l = 0; l < Layers.Count; l++)
            {
                Bits(saved[l].Mask, active[RangeOf(l)]);
                saved[l].Weights.CopyTo(weights[RangeOf(l)]);
            }
        });

        static string Shape(IEnumerable<long> shape) => string.Join(", ", shape);
    }

    /// <summary>Follows a change of the model's shape.</summary>
    public void Reshaped(TrainingRun run, Reshaped reshaped)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Version++;
        var (oldActive, oldBeneath, oldOffsets, oldShapes) = (active, beneath, offsets, shapes);
        model = run.Flat;
        Blank();
        for (var l = 0; l < Layers.Count; l++)
        {
            using var one = NewDisposeScope();
            var (offset, size) = (offsets[l], Layers[l].Parameter.NumberOfElements);
            var parameter = model.Parameters.First(p => p.storage_offset() == offset && p.NumberOfElements == size);
            var count = oldShapes[l].Aggregate(1L, (n, extent) => n * extent);
            var mask = empty(oldShapes[l], dtype: ScalarType.Int8);
            MemoryMarshal.AsBytes(oldActive.AsSpan((int)oldOffsets[l], (int)count)).CopyTo(mask.bytes);
            MemoryMarshal.Cast<byte, sbyte>(reshaped(parameter, mask).bytes).CopyTo(active.AsSpan(RangeOf(l)));
            var weights = reshaped(parameter, oldBeneath.narrow(0, oldOffsets[l], count).view(oldShapes[l]));
            beneath.narrow(0, offset, size).copy_(weights.reshape(-1));
        }
        oldBeneath.Dispose();
        if (inactive is not null)
            Upload();
    }

    public void Replacing(TrainingRun run) => throw new InvalidOperationException(
        "The model cannot be replaced, nor what is kept of its parameters forgotten, in a run that prunes weights: their masks are this "
            + "model's.");

    /// <summary>Resets all weights to active.</summary>
    [MemberNotNull(nameof(active), nameof(beneath), nameof(offsets), nameof(shapes))]
    void Blank()
    {
        using var none = no_grad();
        (active, offsets) = (new sbyte[Length], [.. Layers.Select(l => model.OffsetOf(l.Parameter))]);
        Array.Fill(active, (sbyte)-1);
        shapes = [.. Layers.Select(l => l.Parameter.shape)];
        beneath = zeros_like(model.Values.Vector).DetachFromDisposeScope();
        inactive?.Dispose();
        inactive = beneath.device_type == DeviceType.CPU ? null : zeros([Length], dtype: ScalarType.Bool,
            device: beneath.device).DetachFromDisposeScope();
        if (inactive is not null)
            return;
        valuesAt = FlatStorage.Begin(model.Values.Vector);
        beneathAt = FlatStorage.Begin(beneath);
        gradientsAt = FlatStorage.Begin(model.Gradients.Vector);
    }

    void Upload()
    {
        using var scope = NewDisposeScope();
        inactive!.copy_(tensor(Array.ConvertAll(active, bit => bit == 0)));
    }

    Tensor Near(Tensor vector) => inactive is null ? vector : vector.cpu();

    static void OnDevice(Action work)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        work();
    }

    ReadOnlySpan<sbyte> Mask(long from, long to) => active.AsSpan((int)from, (int)(to - from));

    static Span<float> Span(float* vector, long from, long to) => new(vector + from, (int)(to - from));

    static Span<float> Span(Tensor vector) => MemoryMarshal.Cast<byte, float>(vector.bytes);

    public void Dispose()
    {
        beneath.Dispose();
        inactive?.Dispose();
    }
}
