using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The active weights of one parameter. Immutable.</summary>
public sealed class WeightMask
{
    // A mask from a file keeps the file's bits until it is used: unpacked, they are eight times as large.
    readonly ReadOnlyMemory<byte> bits;
    bool[]? active;

    /// <summary>Makes the mask of a parameter.</summary>
    /// <param name="name">The parameter, as the model names it, such as "layers.linear1.weight".</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="active">For each weight, in memory order, whether it is active.</param>
    public WeightMask(string name, IReadOnlyList<long> shape, ReadOnlySpan<bool> active)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(shape);
        if (BinaryReading.Product([.. shape], Array.MaxLength) != active.Length)
            throw new ArgumentException($"The mask of '{name}' has {active.Length} values; its shape [{string.Join(", ", shape)}] wants "
                + "another number.", nameof(active));
        (Name, Shape, Count, this.active) = (name, [.. shape], active.Length, active.ToArray());
        ActiveCount = active.Count(true);
    }

    WeightMask(string name, long[] shape, long count, ReadOnlyMemory<byte> bits)
    {
        (Name, Shape, Count, this.bits) = (name, shape, count, bits);
        foreach (byte eight in bits.Span)
            ActiveCount += BitOperations.PopCount(eight);
    }

    /// <summary>The parameter's name.</summary>
    public string Name { get; }

    /// <summary>The parameter's shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>For each weight, in memory order, whether it is active.</summary>
    public ReadOnlySpan<bool> Active => active ??= Unpacked();

    /// <summary>The number of weights.</summary>
    public long Count { get; }

    /// <summary>The number of active weights.</summary>
    public long ActiveCount { get; }

    /// <summary>The active fraction.</summary>
    public double Density => Count == 0 ? 1 : (double)ActiveCount / Count;

    /// <summary>A mask with as many active weights, at random places.</summary>
    internal WeightMask Shuffled(Random random)
    {
        var shuffled = Active.ToArray();
        random.Shuffle(shuffled);
        return new(Name, Shape, shuffled);
    }

    /// <summary>int32 number of dimensions, int64 for each, then a bit per weight, starting with the lowest of each byte.</summary>
    internal byte[] ToBytes()
    {
        var header = 4 + 8 * Shape.Count;
        var bytes = new byte[header + (Count + 7) / 8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Shape.Count);
        for (var d = 0; d < Shape.Count; d++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4 + 8 * d), Shape[d]);
        var weights = Active;
        for (var i = 0; i < weights.Length; i++)
            if (weights[i])
                bytes[header + i / 8] |= (byte)(1 << (i % 8));
        return bytes;
    }

    bool[] Unpacked()
    {
        var unpacked = new bool[Count];
        var packed = bits.Span;
        for (var i = 0; i < unpacked.Length; i++)
            unpacked[i] = (packed[i / 8] >> (i % 8) & 1) != 0;
        return unpacked;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote. The mask keeps the bytes.</summary>
    internal static WeightMask FromBytes(string name, byte[] content)
    {
        var bytes = content.AsSpan();
        var dimensions = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (dimensions < 0 || 4 + 8L * dimensions > bytes.Length)
            throw Damaged();
        var shape = MemoryMarshal.Cast<byte, long>(bytes[4..(4 + 8 * dimensions)]).ToArray();
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(shape, shape);
        var bits = bytes[(4 + 8 * dimensions)..];
        var count = BinaryReading.Product(shape, Array.MaxLength);
        // The bits behind the last weight are 0.
        if (count < 0 || count > Array.MaxLength || (count + 7) / 8 != bits.Length || (count % 8 != 0 && bits[^1] >> (int)(count % 8) != 0))
            throw Damaged();
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new(name, shape, (long)count, content.AsMemory(content.Length - bits.Length));

        InvalidDataException Damaged() => new($"The mask of '{name}' is damaged.");
    }
}

/// <summary>
/// The masks of a model's weights by name. Immutable. In JSON they are one text: base64 of what <see cref="Save(Stream)"/> writes.
/// </summary>
[JsonConverter(typeof(PackedMasks))]
public sealed class WeightMasks
{
    const string Kind = "weight mask", Prefix = "mask:";

    readonly WeightMask[] masks;

    /// <summary>Makes a set of masks.</summary>
    public WeightMasks(IEnumerable<WeightMask> masks)
    {
        this.masks = [.. masks];
        if (this.masks.Length == 0)
            throw new ArgumentException("There is no mask among these.", nameof(masks));
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (this.masks.FirstOrDefault(mask => !names.Add(mask.Name)) is { } twice)
            throw new ArgumentException($"There is more than one mask for '{twice.Name}'.", nameof(masks));
    }

    /// <summary>The masks; masks from a run are in the order of the model's parameters.</summary>
    public IReadOnlyList<WeightMask> Masks => masks;

    /// <summary>Gets the mask of a parameter.</summary>
    /// <exception cref="KeyNotFoundException">The parameter has no mask.</exception>
    public WeightMask this[string name] => masks.FirstOrDefault(m => m.Name == name)
        ?? throw new KeyNotFoundException($"There is no mask for '{name}'; there are "
            + $"{string.Join(", ", masks.Select(m => $"'{m.Name}'"))}.");

    /// <summary>The number of weights under masks.</summary>
    public long Count => masks.Sum(m => m.Count);

    /// <summary>The number of active weights.</summary>
    public long ActiveCount => masks.Sum(m => m.ActiveCount);

    /// <summary>The inactive fraction.</summary>
    public double Sparsity => Count == 0 ? 0 : 1 - (double)ActiveCount / Count;

    /// <summary>Reads masks from the weights of a trained model: those that are not 0 are active.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">The parameters, by name; * is a wildcard. Null for the weights of linear layers and convolutions.</param>
    public static WeightMasks Of(nn.Module model, IReadOnlyList<string>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(MaskedLayer.Find(model, weights, null).Select(ActiveIn));
    }

    /// <summary>
    /// The masks of layers of which at least this fraction of the weights is 0; null if there is none. Fewer zeros are chance.
    /// </summary>
    internal static WeightMasks? Inactive(nn.Module model, double minimum = 0.01)
    {
        WeightMask[] found = [.. MaskedLayer.FindAny(model).Select(ActiveIn).Where(mask => mask.Density <= 1 - minimum)];
        return found.Length > 0 ? new(found) : null;
    }

    static WeightMask ActiveIn(MaskedLayer layer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new WeightMask(layer.Name, layer.Parameter.shape,
            layer.Parameter.detach().cpu().ne(Scalars.Zero).contiguous().data<bool>().ToArray());
    }

    /// <summary>Masks with as many active weights in each parameter, at random places.</summary>
    /// <param name="seed">The seed of the places.</param>
    public WeightMasks Shuffled(int seed)
    {
        var random = new Random(seed);
        return new(masks.Select(m => m.Shuffled(random)));
    }

    /// <summary>Sets the inactive weights of a model to 0.</summary>
    public void Apply(nn.Module model)
    {
        CheckFits(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var mask in masks)
        {
            var parameter = parameters[mask.Name];
            parameter.masked_fill_(tensor(Array.ConvertAll(mask.Active.ToArray(), bit => !bit), [.. mask.Shape], device: parameter.device),
                Scalars.Zero);
        }
    }

    /// <summary>Throws unless every mask fits a parameter of the model by name and shape.</summary>
    /// <exception cref="ArgumentException">The masks are of another model.</exception>
    public void CheckFits(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Misfit(model) is { } misfit)
            throw new ArgumentException($"The masks are of another model: {misfit}");
    }

    /// <summary>Writes the masks to a file, completely or not at all.</summary>
    public void Save(string path) => WholeFile.Write(path, Save);

    /// <summary>Writes the masks.</summary>
    public void Save(Stream stream)
    {
        var archive = new Archive(Kind);
        foreach (var mask in masks)
            archive.Add(Prefix + mask.Name, mask.ToBytes());
        archive.Write(stream);
    }

    /// <summary>Reads saved masks.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that the masks must fit; null for no check.</param>
    /// <exception cref="InvalidDataException">The file is of another kind or damaged, or its masks are of another model.</exception>
    public static WeightMasks Load(string path, nn.Module? model = null)
    {
        using var stream = File.OpenRead(path);
        return Load(stream, model, $"Mask file '{path}'");
    }

    /// <summary>Reads saved masks.</summary>
    /// <param name="stream">The stream, at the start of the masks.</param>
    /// <param name="model">The model that the masks must fit; null for no check.</param>
    /// <exception cref="InvalidDataException">The stream is of another kind or damaged, or its masks are of another model.</exception>
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

    /// <summary>A text about the first misfit; null if all masks fit.</summary>
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

/// <summary>Gives access to the masks of a run.</summary>
public static class RunMasks
{
    extension(TrainingRun run)
    {
        /// <summary>A copy of the present masks; null if no <see cref="WeightPruning"/> prunes the run.</summary>
        public WeightMasks? Masks => run.Find<MaskedWeights>()?.Masks() ?? run.Find<WeightMasks>();
    }

    extension(TrainingResult result)
    {
        /// <summary>The final masks if a <see cref="WeightPruning"/> pruned the run; otherwise null.</summary>
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
