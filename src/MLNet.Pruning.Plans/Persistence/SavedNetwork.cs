using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Persistence;

/// <summary>A trained network from a file, with the names of its classes.</summary>
/// <param name="Labels">The values of the label as text; empty if the file has none.</param>
sealed record SavedNetwork(NetworkDescription Description, NetworkWeights Weights, IReadOnlyList<string> Labels)
{
    /// <summary>The kind of its archive.</summary>
    public string Kind { get; init; } = Model;

    /// <summary>The archive entry of the network's blueprint, and the prefix of the entries of its tensors.</summary>
    public const string Blueprint = "blueprint", Tensor = "tensor:";

    /// <summary>The archive entry of the training history.</summary>
    public const string History = "history";

    /// <summary>The archive entry of a speed that was measured after the history was read: two float64.</summary>
    public const string Speed = "scoring speed";

    /// <summary>The file in ML.NET's zip that contains a transformer of this library.</summary>
    public const string Entry = "Model.pruned";

    /// <summary>The kinds of archives with a network, and of those with a token merging. Never change these names.</summary>
    public const string Classifier = "classifier", BinaryClassifier = "binary classifier", Regressor = "regressor",
        Autoencoder = "autoencoder", Model = "model", Merging = "token merging";

    /// <summary>Their further entries.</summary>
    public const string Labelling = "labels", Features = "feature column", Columns = "columns";

    static ReadOnlySpan<byte> Zip => "PK\x03\x04"u8;

    /// <summary>
    /// Reads the network of an archive, or of ML.NET's model.zip that contains one. If a pipeline merges the tokens that a transformer
    /// reads, from images without padding, merging becomes part of the network.
    /// </summary>
    /// <param name="what">What error messages call the stream.</param>
    /// <param name="make">Makes something of the network, which is returned only if the stream's checksum is right.</param>
    /// <exception cref="InvalidDataException">The stream is damaged, or contains something else.</exception>
    public static T Read<T>(Stream stream, string what, Func<SavedNetwork, T> make) => Open(stream, what, (archive, name, mergings) =>
    {
        var network = Of(archive, name);
        if (network.Description is not VitDescription { Input: VitInput.Tokens } vit || mergings.Count == 0)
            return make(network);
        string features = archive.Part(Features, name, Encoding.UTF8.GetString);
        return make(mergings.Any(merging => merging.Makes(vit, features))
            ? network with { Description = vit with { Input = VitInput.Pixels } }
            : network);
    });

    /// <summary>The archive in a stream, or the one of the network in ML.NET's model.zip.</summary>
    /// <exception cref="InvalidDataException">The stream is damaged, or contains something else.</exception>
    public static Archive Archive(Stream stream, string what) => Open(stream, what, (archive, _, _) => archive);

    /// <param name="stream">An archive, or a model.zip that contains one.</param>
    /// <param name="what">What error messages call the stream.</param>
    /// <param name="make">Is given the archive, what messages call it, and the mergings of tokens in the pipeline around it.</param>
    static T Open<T>(Stream stream, string what, Func<Archive, string, List<SavedMerging>, T> make)
    {
        if (!stream.CanSeek)
        {
            var copy = new MemoryStream();
            stream.CopyTo(copy);
            copy.Position = 0;
            stream = copy;
        }
        Span<byte> begin = stackalloc byte[4];
        int begun = stream.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false);
        stream.Position -= begun;
        if (!begin[..begun].SequenceEqual(Zip))
            return Persistence.Archive.Read(stream, kinds: null, what, archive => make(archive, what, []));
        (Archive Archive, string What, List<SavedMerging> Mergings) zipped;
        try
        {
            zipped = Zipped(stream, what);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException or OverflowException
            || (e is InvalidDataException && !e.Message.StartsWith(what, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{what} is a damaged zip file: {e.Message}", e);
        }
        return make(zipped.Archive, zipped.What, zipped.Mergings);
    }

    static (Archive Archive, string What, List<SavedMerging> Mergings) Zipped(Stream stream, string what)
    {
        var guard = new GuardedStream(stream);
        using var zip = new ZipArchive(guard, ZipArchiveMode.Read, leaveOpen: true);
        // The directory is read under guard; entries are packed, and take what they unpack to.
        var entries = zip.Entries;
        guard.Release();
        (Archive Archive, string What)? found = null;
        var mergings = new List<SavedMerging>();
        foreach (var entry in entries)
        {
            if (Path.GetFileName(entry.FullName.AsSpan(entry.FullName.LastIndexOf('\\') + 1)) is not Entry)
                continue;
            string name = $"{what}, in its entry '{entry.FullName}',";
            using var content = entry.Open();
            var archive = Persistence.Archive.Read(content, name);
            if (archive.Kind == Merging)
                mergings.Add(archive.Part(Columns, name, SavedDescription.ReadMerging));
            if (!IsTransformer(archive.Kind))
                continue;
            if (found is not null)
                throw new InvalidDataException($"{what} has several networks in it, {found.Value.What} and {name} and a plan computes one. "
                    + "Save the transformer that is meant with its WriteTo.");
            found = (archive, name);
        }
        return found is { } one
            ? (one.Archive, one.What, mergings)
            : throw new InvalidDataException(
                $"{what} has no network of MLNet.Pruning in it: no entry '{Entry}' of a classifier, a regressor or an autoencoder.");
    }

    static SavedNetwork Of(Archive archive, string what)
    {
        if (archive.Kind != Model && !IsTransformer(archive.Kind))
            throw new InvalidDataException(
                $"{what} is a {archive.Kind} file; a plan is loaded from that of a classifier, a regressor, an autoencoder or a model.");
        var description = Describe(archive, what)
            ?? throw new InvalidDataException(
                $"{what} is a module of the user's own code that no plan computes: {WhyNoPlan(archive)}");
        if (archive.Kind == Autoencoder)
            description = archive.Part(Columns, what, json => SavedDescription.WithLoss(description, json));
        var labels = archive.Kind == Classifier ? archive.Part(Labelling, what, ClassNames.Read) : [];
        return new(description, Tensors(archive, what), labels) { Kind = archive.Kind };
    }

    static bool IsTransformer(string kind) => kind is Classifier or BinaryClassifier or Regressor or Autoencoder;

    /// <summary>The description of an archive's network; null for a user module without a graph.</summary>
    /// <exception cref="InvalidDataException">The archive has no network, or a wrong value.</exception>
    public static NetworkDescription? Describe(Archive archive, string what) => archive.Entries.ContainsKey(SavedGraph.Entry)
        ? archive.Part(SavedGraph.Entry, what, SavedGraph.Read)
        : archive.Part(Blueprint, what, SavedDescription.Read);

    /// <summary>Why the graph of a user module could not be found; null if it was found, or if nobody has tried.</summary>
    public static string? Failure(Archive archive) =>
        archive.Entries.TryGetValue(SavedGraph.FailureEntry, out var text) ? Encoding.UTF8.GetString(text) : null;

    /// <summary>The same in words for any user module without a graph.</summary>
    public static string WhyNoPlan(Archive archive) => Failure(archive) ?? "an earlier version saved it, without its graph.";

    /// <summary>Writes the entry <see cref="Speed"/>.</summary>
    public static byte[] Write(ScoringSpeed speed)
    {
        byte[] bytes = new byte[2 * sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, speed.RowsPerSecond);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(sizeof(double)), speed.Latency);
        return bytes;
    }

    /// <summary>Reads the entry <see cref="Speed"/>; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static ScoringSpeed? SpeedOf(Archive archive, string what) => !archive.Entries.ContainsKey(Speed) ? null
        : archive.Part(Speed, what, bytes => bytes.Length == 2 * sizeof(double)
            ? new ScoringSpeed(BinaryPrimitives.ReadDoubleLittleEndian(bytes),
                BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(sizeof(double))))
            : throw new InvalidDataException("it is damaged: its size is not that of two numbers."));

    /// <summary>The tensors of an archive, which lie in its memory.</summary>
    public static NetworkWeights Tensors(Archive archive, string what)
    {
        var weights = new NetworkWeights();
        foreach (var name in archive.Entries.Keys.Where(key => key.StartsWith(Tensor, StringComparison.Ordinal)))
            archive.Part(name, what, blob => AddTensor(weights, name[Tensor.Length..], blob));
        return weights;
    }

    /// <summary>A tensor: int32 type, int32 dimensions, int64 for each, then its elements, all little-endian.</summary>
    static bool AddTensor(NetworkWeights weights, string name, byte[] blob)
    {
        const int Int64 = 4, Float32 = 6, MaximumDimensions = 8;
        var damaged = new InvalidDataException("it is damaged: its size is not what its shape says.");
        if (blob.Length < 8)
            throw damaged;
        var (type, dimensions) = (BinaryPrimitives.ReadInt32LittleEndian(blob), BinaryPrimitives.ReadInt32LittleEndian(blob.AsSpan(4)));
        // Skip the number of batches that batch norm has seen.
        if (type == Int64)
            return false;
        if (type != Float32)
            throw new InvalidDataException($"its numbers are of type {type}; wanted {Float32}, single precision.");
        if (dimensions is < 0 or > MaximumDimensions || blob.Length < 8 + (8 * dimensions))
            throw damaged;
        long[] shape = new long[dimensions];
        for (int i = 0; i < dimensions; i++)
            shape[i] = BinaryPrimitives.ReadInt64LittleEndian(blob.AsSpan(8 + (8 * i)));
        var values = blob.AsMemory(8 + (8 * dimensions));
        if (shape.Any(size => size > int.MaxValue) || BinaryReading.Product(shape, blob.Length) * sizeof(float) != values.Length)
            throw damaged;
        weights.Add(name, new CastMemory<byte, float>(values).Memory, [.. shape.Select(size => (int)size)]);
        return true;
    }
}
