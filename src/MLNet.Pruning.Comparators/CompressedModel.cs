using System.Globalization;
using System.Text;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// A pruned model with shared weights in a small file: the positions of the remaining weights as distances, and the shared value of each
/// by its number, both Huffman coded (Han, Mao and Dally, 2016). It decodes to the original model bit for bit.
/// </summary>
public sealed class CompressedModel
{
    const string Kind = "compressed model", BlueprintEntry = "blueprint", LayerPrefix = "layer:";

    // A file of a few bytes must not make us allocate what only its codes claim: four million weights, and a thousand for each byte.
    const long FreeWeights = 1 << 22, WeightsPerByte = 1 << 10;

    readonly Archive archive;
    readonly string what;

    CompressedModel(Archive archive, IReadOnlyList<SharedWeights> weights, Blueprint? blueprint, string what)
    {
        (this.archive, Weights, Blueprint, this.what) = (archive, weights, blueprint, what);
        Layers = [.. weights.Select(w => w.Report())];
        Size = archive.Length;
        OriginalSize = Layers.Sum(layer => layer.Weights * sizeof(float)) + ModuleState.Bytes(archive);
    }

    /// <summary>The weights that are shared.</summary>
    public IReadOnlyList<SharedWeights> Weights { get; }

    /// <summary>The compression of each layer's weights.</summary>
    public IReadOnlyList<CompressedLayer> Layers { get; }

    /// <summary>The structure of the model; null for a user module.</summary>
    public Blueprint? Blueprint { get; }

    /// <summary>The size of the file in bytes, with everything in it: codes, tables, biases, and the checksum.</summary>
    public long Size { get; }

    /// <summary>The size of the model's numbers in memory in bytes, including zeros.</summary>
    public long OriginalSize { get; }

    /// <summary>How many times smaller the file is than the numbers in memory.</summary>
    public double Ratio => (double)OriginalSize / Size;

    /// <summary>Encodes a model.</summary>
    /// <param name="model">The model; its weights have the shared values.</param>
    /// <param name="weights">The shared weights; all other tensors are stored unchanged.</param>
    internal static CompressedModel Of(nn.Module model, IReadOnlyList<SharedWeights> weights)
    {
        var archive = new Archive(Kind);
        Blueprint? blueprint = model is FeedForward or ConvNet or Vae or Vit ? Blueprint.Of(model) : null;
        if (blueprint is not null)
            archive.Add(BlueprintEntry, Encoding.UTF8.GetBytes(blueprint.ToJson()));
        foreach (var shared in weights)
            archive.Add(LayerPrefix + shared.Name, shared.Encode());
        ModuleState.Add(archive, model, except: weights.Select(w => w.Name).ToHashSet());
        if (weights.Sum(w => (long)w.Codes.Count) > Limit(archive))
            throw new NotSupportedException("Nearly all weights are zero or equal: the model would be too small a file to be read again.");
        return new(archive, weights, blueprint, "The compressed model");
    }

    /// <summary>Writes the file, completely or not at all.</summary>
    public void Save(string path) => WholeFile.Write(path, archive.Write);

    /// <summary>Writes to a stream.</summary>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        archive.Write(stream);
    }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="InvalidDataException">It is cut short, damaged, or something else.</exception>
    public static CompressedModel Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Load(stream, $"'{path}'");
    }

    /// <summary>Reads and checks a stream.</summary>
    /// <param name="stream">The stream, at the start of the model.</param>
    /// <param name="what">What error messages call the stream.</param>
    /// <exception cref="InvalidDataException">It is cut short, damaged, or something else.</exception>
    public static CompressedModel Load(Stream stream, string what = "The compressed model")
    {
        ArgumentNullException.ThrowIfNull(stream);
        var archive = Archive.Read(stream, Kind, what);
        var blueprint = archive.Entries.ContainsKey(BlueprintEntry) ? archive.Part(BlueprintEntry, what,
            Blueprint.FromJson) : null;
        long left = Limit(archive);
        var weights = archive.Entries.Where(e => e.Key.StartsWith(LayerPrefix, StringComparison.Ordinal))
            .Select(e => archive.Part(e.Key, what, bytes => SharedWeights.Read(e.Key[LayerPrefix.Length..], bytes, ref left))).ToArray();
        var model = new CompressedModel(archive, weights, blueprint, what);
        blueprint?.CheckSize(model.OriginalSize, what);
        return model;
    }

    /// <summary>The number of weights that an archive of this size may have.</summary>
    static long Limit(Archive archive) => FreeWeights + (WeightsPerByte * archive.Entries.Sum(e => e.Value.LongLength));

    /// <summary>Builds the model. The caller disposes of it.</summary>
    /// <exception cref="InvalidOperationException">It is a user module; use <see cref="CopyTo"/>.</exception>
    /// <exception cref="InvalidDataException">The tensors do not match the blueprint.</exception>
    public nn.Module Build()
    {
        var model = (Blueprint ?? throw new InvalidOperationException($"The compressed model is of a module that your own code builds: "
            + $"build it, and give it to {nameof(CopyTo)}.")).Build();
        try
        {
            CopyTo(model);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights and all other tensors to a module.</summary>
    /// <param name="model">A module with the structure and size of the compressed one.</param>
    /// <exception cref="InvalidDataException">It is another model. Nothing is copied.</exception>
    public void CopyTo(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var sizes = SizeFit.Of(model);
        foreach (var shared in Weights)
            if (!sizes.TryGetValue(shared.Name, out var shape) || !shape.SequenceEqual(shared.Shape))
                throw new InvalidDataException($"{what} has '{shared.Name}' as [{string.Join(", ", shared.Shape)}], but the "
                    + $"module has {(shape is null ? "none" : $"it as [{string.Join(", ", shape)}]")}.");
        ModuleState.Load(archive, model, what, except: Weights.Select(w => w.Name).ToHashSet());
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var shared in Weights)
            parameters[shared.Name].copy_(tensor(shared.Decode(), [.. shared.Shape]));
    }

    /// <summary>A table with a line per layer, and one for the whole.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{"weights",-32} {"count",12} {"left",8} {"values",7} {"bits each",10} "
            + $"{"bytes",12} {"smaller",8}");
        foreach (var layer in Layers)
            text.AppendLine(CultureInfo.InvariantCulture, $"{layer.Name,-32} {layer.Weights,12:N0} "
                + $"{(double)layer.Kept / layer.Weights,8:P1} {layer.Values,7} "
                + $"{(layer.Kept > 0 ? (double)(layer.CodeBits + layer.IndexBits) / layer.Kept : 0),10:0.00} {layer.Bytes,12:N0} "
                + $"{layer.Weights * 4.0 / layer.Bytes,7:0.0}x");
        return text.Append(CultureInfo.InvariantCulture, $"{"all, with the rest of the file",-32} {"",12} {"",8} {"",7} {"",10} "
            + $"{Size,12:N0} {Ratio,7:0.0}x").ToString();
    }
}
