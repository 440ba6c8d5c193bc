using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Which weights of one parameter are on. Immutable.</summary>
public sealed class WeightMask
{
    readonly bool[] on;

    /// <summary>A mask of a parameter.</summary>
    /// <param name="name">The parameter, as the model names it, such as "layers.linear1.weight".</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="on">For each weight in memory order whether it is on.</param>
    public WeightMask(string name, IReadOnlyList<long> shape, ReadOnlySpan<bool> on)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Any(extent => extent < 0) || shape.Aggregate((Int128)1, (n, extent) => n * extent) != on.Length)
            throw new ArgumentException($"The mask of '{name}' has {on.Length} values; its shape [{string.Join(", ", shape)}] wants "
                + "another number.", nameof(on));
        (Name, Shape, this.on) = (name, [.. shape], on.ToArray());
        ActiveCount = this.on.LongCount(bit => bit);
    }

    /// <summary>The parameter.</summary>
    public string Name { get; }

    /// <summary>Its shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>For each weight in memory order whether it is on.</summary>
    public ReadOnlySpan<bool> On => on;

    /// <summary>Weights there are.</summary>
    public long Count => on.Length;

    /// <summary>Weights that are on.</summary>
    public long ActiveCount { get; }

    /// <summary>The fraction that is on.</summary>
    public double Density => Count == 0 ? 1 : (double)ActiveCount / Count;

    /// <summary>As many on, at places drawn at random.</summary>
    internal WeightMask Shuffled(Random random)
    {
        var shuffled = on.ToArray();
        random.Shuffle(shuffled);
        return new(Name, Shape, shuffled);
    }

    /// <summary>int32 dimensions, int64 for each, then a bit for each weight, the first the lowest of its byte.</summary>
    internal byte[] ToBytes()
    {
        var header = 4 + 8 * Shape.Count;
        var bytes = new byte[header + (on.Length + 7) / 8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Shape.Count);
        for (var d = 0; d < Shape.Count; d++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4 + 8 * d), Shape[d]);
        for (var i = 0; i < on.Length; i++)
            if (on[i])
                bytes[header + i / 8] |= (byte)(1 << (i % 8));
        return bytes;
    }

    internal static WeightMask FromBytes(string name, ReadOnlySpan<byte> bytes)
    {
        var dimensions = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (dimensions < 0 || 4 + 8L * dimensions > bytes.Length)
            throw Damaged();
        var shape = MemoryMarshal.Cast<byte, long>(bytes[4..(4 + 8 * dimensions)]).ToArray();
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(shape, shape);
        var bits = bytes[(4 + 8 * dimensions)..];
        if (shape.Any(extent => extent < 0) || shape.Aggregate((Int128)1, (n, extent) => n * extent) is var count
            && (count + 7) / 8 != bits.Length)
            throw Damaged();
        var on = new bool[(int)count];
        for (var i = 0; i < on.Length; i++)
            on[i] = (bits[i / 8] >> (i % 8) & 1) != 0;
        return new(name, shape, on);

        InvalidDataException Damaged() => new($"The mask of '{name}' is damaged.");
    }
}

/// <summary>
/// The masks of a model's weights by name. Immutable. In JSON they are one text, base64 of what <see cref="Save(Stream)"/> writes.
/// </summary>
[JsonConverter(typeof(PackedMasks))]
public sealed class WeightMasks
{
    const string Kind = "weight mask", Prefix = "mask:";

    readonly WeightMask[] masks;

    /// <summary>These masks.</summary>
    public WeightMasks(IEnumerable<WeightMask> masks)
    {
        this.masks = [.. masks];
        if (this.masks.Length == 0)
            throw new ArgumentException("There is no mask among these.", nameof(masks));
        if (this.masks.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"There are {twice.Count()} masks for '{twice.Key}'.", nameof(masks));
    }

    /// <summary>The masks, in the order of the model's parameters where they come from a run.</summary>
    public IReadOnlyList<WeightMask> Masks => masks;

    /// <summary>The mask of a parameter.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public WeightMask this[string name] => masks.FirstOrDefault(m => m.Name == name)
        ?? throw new KeyNotFoundException($"There is no mask for '{name}'; there are "
            + $"{string.Join(", ", masks.Select(m => $"'{m.Name}'"))}.");

    /// <summary>Weights there are under masks.</summary>
    public long Count => masks.Sum(m => m.Count);

    /// <summary>Weights that are on.</summary>
    public long ActiveCount => masks.Sum(m => m.ActiveCount);

    /// <summary>The fraction that is off.</summary>
    public double Sparsity => Count == 0 ? 0 : 1 - (double)ActiveCount / Count;

    /// <summary>The masks that a trained model shows: weights that are not 0 are on.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">
    /// Which parameters, by name; * stands for anything. Null for the weights of linear layers and convolutions.
    /// </param>
    public static WeightMasks Of(nn.Module model, IReadOnlyList<string>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(MaskedLayer.Find(model, weights, null).Select(layer =>
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            return new WeightMask(layer.Name, layer.Parameter.shape,
                layer.Parameter.detach().cpu().ne(Scalars.Zero).contiguous().data<bool>().ToArray());
        }));
    }

    /// <summary>Masks with as many weights on in each parameter, at places drawn at random.</summary>
    /// <param name="seed">The same seed draws the same places.</param>
    public WeightMasks Shuffled(int seed)
    {
        var random = new Random(seed);
        return new(masks.Select(m => m.Shuffled(random)));
    }

    /// <summary>Sets the weights of a model that are off to 0.</summary>
    public void Apply(nn.Module model)
    {
        CheckFits(model);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var mask in masks)
        {
            var parameter = parameters[mask.Name];
            parameter.masked_fill_(tensor(Array.ConvertAll(mask.On.ToArray(), on => !on), [.. mask.Shape], device: parameter.device),
                Scalars.Zero);
        }
    }

    /// <summary>Throws unless every mask is for a parameter of the model and of its shape.</summary>
    /// <exception cref="ArgumentException">The masks are of another model.</exception>
    public void CheckFits(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Misfit(model) is { } misfit)
            throw new ArgumentException($"The masks are of another model: {misfit}");
    }

    /// <summary>Writes the masks to a file, whole or not at all.</summary>
    public void Save(string path) => WholeFile.Write(path, Save);

    /// <summary>Writes the masks.</summary>
    public void Save(Stream stream)
    {
        var archive = new Archive(Kind);
        foreach (var mask in masks)
            archive.Add(Prefix + mask.Name, mask.ToBytes());
        archive.Write(stream);
    }

    /// <summary>Reads masks that were saved.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that they must be of; null to look later.</param>
    /// <exception cref="InvalidDataException">This is no such file, it is damaged, or its masks are of another model.</exception>
    public static WeightMasks Load(string path, nn.Module? model = null)
    {
        using var stream = File.OpenRead(path);
        return Load(stream, model, $"Mask file '{path}'");
    }

    /// <summary>Reads masks that were saved.</summary>
    /// <param name="stream">From where on.</param>
    /// <param name="model">The model that they must be of; null to look later.</param>
    /// <exception cref="InvalidDataException">This is no such file, it is damaged, or its masks are of another model.</exception>
    public static WeightMasks Load(Stream stream, nn.Module? model = null) => Load(stream, model, "The mask file");

    static WeightMasks Load(Stream stream, nn.Module? model, string what)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var archive = Archive.Read(stream, Kind, what);
        var masks = archive.Entries.Where(e => e.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(e => archive.Part(e.Key, what, bytes => WeightMask.FromBytes(e.Key[Prefix.Length..], bytes))).ToArray();
        if (masks.Length == 0)
            throw new InvalidDataException($"{what} holds no mask.");
        var all = new WeightMasks(masks);
        if (model is not null && all.Misfit(model) is { } misfit)
            throw new InvalidDataException($"{what} is of another model: {misfit}");
        return all;
    }

    /// <summary>What does not fit; null where all does.</summary>
    internal string? Misfit(nn.Module model)
    {
        var shapes = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape);
        foreach (var mask in masks)
            if (!shapes.TryGetValue(mask.Name, out var shape))
                return $"there is a mask for '{mask.Name}', and this one has {string.Join(", ", shapes.Keys.Select(name => $"'{name}'"))}.";
            else if (!shape.SequenceEqual(mask.Shape))
                return $"the mask of '{mask.Name}' has shape [{string.Join(", ", mask.Shape)}], the parameter "
                    + $"[{string.Join(", ", shape)}].";
        return null;
    }
}

/// <summary>The masks of a run.</summary>
public static class RunMasks
{
    extension(TrainingRun run)
    {
        /// <summary>Which weights are on, as they are now; null where no <see cref="WeightPruning"/> prunes the run. A copy.</summary>
        public WeightMasks? Masks => run.Find<MaskedWeights>()?.Masks() ?? run.Find<WeightMasks>();
    }

    extension(TrainingResult result)
    {
        /// <summary>Which weights are on where a <see cref="WeightPruning"/> pruned the run; null otherwise.</summary>
        public WeightMasks? Masks => result.Find<WeightMasks>();
    }
}

/// <summary>Masks as one text in JSON: base64 of what <see cref="WeightMasks.Save(Stream)"/> writes.</summary>
sealed class PackedMasks : JsonConverter<WeightMasks>
{
    public override WeightMasks Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
            throw new JsonException("Masks must be base64 of a mask file.");
        try
        {
            return WeightMasks.Load(new MemoryStream(bytes));
        }
        catch (InvalidDataException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, WeightMasks value, JsonSerializerOptions options)
    {
        using var file = new MemoryStream();
        value.Save(file);
        writer.WriteBase64StringValue(file.GetBuffer().AsSpan(0, (int)file.Length));
    }
}
