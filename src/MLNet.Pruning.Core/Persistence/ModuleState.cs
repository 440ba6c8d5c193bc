using static TorchSharp.torch;

namespace MLNet.Pruning.Persistence;

/// <summary>The parameters and buffers of a module in an archive.</summary>
static class ModuleState
{
    const string Prefix = "tensor:";

    public static void Add(Archive archive, nn.Module module)
    {
        foreach (var (name, tensor) in Of(module))
            archive.Add(Prefix + name, TensorBlob.From(tensor, name));
    }

    /// <summary>Checks all names, types and shapes, and only then copies the first value.</summary>
    public static void Load(Archive archive, nn.Module module, string what)
    {
        var tensors = Of(module);
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

    static (string Name, Tensor Tensor)[] Of(nn.Module module) =>
        [.. module.named_parameters().Select(p => (p.name, (Tensor)p.parameter)), .. module.named_buffers().Select(b => (b.name, b.buffer))];
}
