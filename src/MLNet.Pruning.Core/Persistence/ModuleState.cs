using static TorchSharp.torch;

namespace MLNet.Pruning.Persistence;

/// <summary>Reads and writes the parameters and buffers of a module in an archive.</summary>
static class ModuleState
{
    const string Prefix = SavedNetwork.Tensor;

    public static void Add(Archive archive, nn.Module module, IReadOnlySet<string>? except = null)
    {
        foreach (var (name, tensor) in Of(module, except))
            archive.Add(Prefix + name, TensorBlob.From(tensor, name));
    }

    /// <summary>Size in bytes of the values of an archive's tensors.</summary>
    public static long Bytes(Archive archive) => archive.Entries.Where(e => e.Key.StartsWith(Prefix, StringComparison.Ordinal))
        .Sum(e => TensorBlob.Elements(e.Value));

    /// <summary>Checks all names, types and shapes before it copies the first value.</summary>
    public static void Load(Archive archive, nn.Module module, string what, IReadOnlySet<string>? except = null)
    {
        var tensors = Of(module, except);
        foreach (var (name, tensor) in tensors)
        {
            if (!archive.Entries.TryGetValue(Prefix + name, out var blob))
                throw new InvalidDataException($"{what} is of another model: it lacks '{name}'.");
            TensorBlob.Check(blob, tensor, name, what);
        }
        var known = tensors.Select(t => Prefix + t.Name).ToHashSet(StringComparer.Ordinal);
        if (archive.Entries.Keys.FirstOrDefault(k => k.StartsWith(Prefix, StringComparison.Ordinal) && !known.Contains(k)) is { } extra)
            throw new InvalidDataException($"{what} is of another model: this one has no '{extra[Prefix.Length..]}'.");
        foreach (var (name, tensor) in tensors)
            TensorBlob.Into(archive.Entries[Prefix + name], tensor);
    }

    /// <summary>Whether a module's tensors equal those of an archive bit for bit.</summary>
    public static bool Holds(Archive archive, nn.Module module) =>
        Of(module, null).All(t => archive.Entries.TryGetValue(Prefix + t.Name, out var blob) && TensorBlob.Holds(blob, t.Tensor, t.Name));

    /// <summary>The parameters, then the buffers of a module, by name.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Tensors(nn.Module module) =>
        module.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(module.named_buffers().Select(b => (b.name, b.buffer)));

    static (string Name, Tensor Tensor)[] Of(nn.Module module, IReadOnlySet<string>? except) =>
        [.. Tensors(module).Where(t => except is null || !except.Contains(t.Name))];
}
