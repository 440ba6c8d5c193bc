using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What was loaded from a file into a module, and what was not.</summary>
/// <param name="Loaded">Tensors that both have.</param>
/// <param name="Missing">Tensors that only the module has; they are unchanged.</param>
/// <param name="Unexpected">Tensors that only the file has.</param>
/// <param name="Mismatched">Tensors that both have in different shapes, with both shapes; they are unchanged.</param>
public sealed record StateMatch(IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Mismatched)
{
    /// <summary>Whether file and module have the same tensors.</summary>
    public bool IsWhole => Missing.Count == 0 && Unexpected.Count == 0 && Mismatched.Count == 0;

    /// <summary>What does not match, up to five names of each kind; empty if all of it does.</summary>
    internal string Differences
    {
        get
        {
            (string What, IReadOnlyList<string> Names)[] parts =
                [("it lacks", Missing), ("the module has no", Unexpected), ("of another shape", Mismatched)];
            return string.Join("; ", parts.Where(part => part.Names.Count > 0).Select(part => $"{part.What} "
                + string.Join(", ", part.Names.Take(5)) + (part.Names.Count > 5 ? $" and {part.Names.Count - 5} more" : "")));
        }
    }
}

/// <summary>
/// Exchanges the parameters and buffers of modules with Python: safetensors, and PyTorch's .pth. Nothing in a file is executed, and sizes
/// are checked before memory is allocated.
/// </summary>
public static class StateFile
{
    static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["F64"] = ScalarType.Float64,
        ["F32"] = ScalarType.Float32,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64,
        ["I32"] = ScalarType.Int32,
        ["I16"] = ScalarType.Int16,
        ["I8"] = ScalarType.Int8,
        ["U8"] = ScalarType.Byte,
        ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>Saves a module as safetensors.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="type">The floating-point type in the file: Float32, Float16 or BFloat16; null to keep each tensor's type.</param>
    /// <param name="metadata">Additional entries for the file's header.</param>
    public static void SaveSafetensors(
        this nn.Module module, string path, ScalarType? type = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var tensors = Stored(module, path, type);
        WholeFile.Write(path, stream => Safetensors.Write(stream, tensors, metadata ?? new Dictionary<string, string>()));
    }

    /// <summary>Saves a module as a state dictionary that PyTorch's <c>torch.load</c> reads.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file; written whole or not at all.</param>
    /// <param name="type">The floating-point type in the file: Float32, Float16 or BFloat16; null to keep each tensor's type.</param>
    public static void SavePth(this nn.Module module, string path, ScalarType? type = null)
    {
        var tensors = Stored(module, path, type);
        WholeFile.Write(path, stream => PthFile.Write(stream, tensors));
    }

    /// <summary>Loads safetensors into a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file.</param>
    /// <param name="strict">Whether any mismatch is an error; otherwise the result lists mismatches.</param>
    /// <param name="rename">Maps a name in the file to the module's name, or to null to skip it; null if the names are equal.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or does not match.</exception>
    public static StateMatch LoadSafetensors(this nn.Module module, string path, bool strict = true, Func<string, string?>? rename = null)
    {
        using var stream = Open(module, path);
        return Load(module, Safetensors.Read(stream, $"'{path}'"), path, match => !strict || match.IsWhole, rename);
    }

    /// <summary>Loads a state dictionary of PyTorch into a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file, as <c>torch.save(model.state_dict(), ...)</c> writes it.</param>
    /// <param name="strict">Whether any mismatch is an error; otherwise the result lists mismatches.</param>
    /// <param name="rename">Maps a name in the file to the module's name, or to null to skip it; null if the names are equal.</param>
    /// <exception cref="InvalidDataException">The file is damaged, holds something else, or does not match.</exception>
    public static StateMatch LoadPth(this nn.Module module, string path, bool strict = true, Func<string, string?>? rename = null)
    {
        using var stream = Open(module, path);
        return Load(module, PthFile.Read(stream, $"'{path}'"), path, match => !strict || match.IsWhole, rename);
    }

    /// <summary>Reads a file of either kind: PyTorch's is a zip, which begins with "PK".</summary>
    internal static IReadOnlyList<(string Name, StoredTensor Tensor)> Read(string path)
    {
        using var stream = File.OpenRead(path);
        var isZip = stream.ReadByte() == 'P' && stream.ReadByte() == 'K';
        stream.Position = 0;
        return isZip ? PthFile.Read(stream, $"'{path}'") : Safetensors.Read(stream, $"'{path}'");
    }

    /// <summary>A tensor of a file, in its own type, in the caller's dispose scope.</summary>
    internal static Tensor ToTensor(StoredTensor stored)
    {
        var data = empty(stored.Shape, dtype: Types[stored.Type]);
        stored.Bytes.Span.CopyTo(data.bytes);
        return data;
    }

    internal static StoredTensor ToStored(Tensor tensor, string name)
    {
        string kind = Types.FirstOrDefault(t => t.Value == tensor.dtype).Key
            ?? throw new NotSupportedException($"'{name}' holds {tensor.dtype}, which a file cannot.");
        return new(kind, tensor.shape, tensor.contiguous().bytes.ToArray());
    }

    static FileStream Open(nn.Module module, string path)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return File.OpenRead(path);
    }

    /// <summary>Loads what a file has; nothing if the match is not accepted.</summary>
    internal static StateMatch Load(nn.Module module, IReadOnlyList<(string Name, StoredTensor Tensor)> stored, string path,
        Predicate<StateMatch> accepts, Func<string, string?>? rename)
    {
        var own = ModuleState.Tensors(module).ToDictionary(pair => pair.Name, pair => pair.Tensor, StringComparer.Ordinal);
        var (found, unexpected, mismatched) = (new Dictionary<string, StoredTensor>(StringComparer.Ordinal), new List<string>(),
            new List<string>());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, tensor) in stored)
        {
            if ((rename is null ? name : rename(name)) is not { } wanted)
                continue;
            if (!own.TryGetValue(wanted, out var target))
                unexpected.Add(name);
            else if (!seen.Add(wanted))
                throw new InvalidDataException($"'{path}' has two tensors for '{wanted}'; the second is '{name}'.");
            else if (!target.shape.AsSpan().SequenceEqual(tensor.Shape))
                mismatched.Add($"{wanted}: [{string.Join(", ", tensor.Shape)}] in the file, [{string.Join(", ", target.shape)}] in the "
                    + "module");
            else
                found.Add(wanted, tensor);
        }
        var match = new StateMatch([.. found.Keys], [.. own.Keys.Where(name => !seen.Contains(name))], unexpected, mismatched);
        if (!accepts(match))
            throw new InvalidDataException($"'{path}' is of another module: {match.Differences}");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in found)
            own[name].copy_(ToTensor(tensor));
        return match;
    }

    static List<(string, StoredTensor)> Stored(nn.Module module, string path, ScalarType? type)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (type is not (null or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new ArgumentException($"The type is {type}; wanted Float32, Float16, BFloat16, or null for what the tensors are.",
                nameof(type));
        using var scope = NewDisposeScope();
        var stored = new List<(string, StoredTensor)>();
        foreach (var (name, tensor) in ModuleState.Tensors(module))
        {
            var data = tensor.detach().cpu();
            if (type is { } wanted && data.is_floating_point())
                data = data.to_type(wanted);
            stored.Add((name, ToStored(data, name)));
        }
        return stored;
    }
}
