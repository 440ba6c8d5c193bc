using System.IO.Enumeration;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A parameter under a mask.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameter">The parameter.</param>
/// <param name="Axis">The dimension that counts the layer's inputs.</param>
sealed record MaskedLayer(string Name, Parameter Parameter, int Axis)
{
    /// <summary>Finds the parameters that get masks.</summary>
    /// <param name="model">The model.</param>
    /// <param name="chosen">Names with wildcards (*); null for the weights of linear layers and convolutions.</param>
    /// <param name="except">Names with wildcards (*) of exceptions.</param>
    /// <param name="setting">The setting that contains the names.</param>
    public static IReadOnlyList<MaskedLayer> Find(nn.Module model, IReadOnlyList<string>? chosen, IReadOnlyList<string>? except,
        string setting = "Pruning")
    {
        var trainable = FlatModel.NamedTrainable(model);
        foreach (var name in (chosen ?? []).Concat(except ?? []))
            if (!trainable.Any(p => Matches(name, p.Name)))
                throw new ArgumentException($"{setting} names '{name}', which is none of the model's trainable parameters: {Listed()}.");
        var found = FindAny(model, chosen, except);
        return found.Count > 0 ? found : throw new ArgumentException($"The model has no weights to mask. Its trainable parameters are "
            + $"{Listed()}; {nameof(WeightPruning)}.{nameof(WeightPruning.Weights)} can name some.");

        string Listed() => string.Join(", ", trainable.Select(p => $"'{p.Name}'"));
    }

    /// <summary>As <see cref="Find"/>, but names that match nothing are ignored, and there may be none.</summary>
    public static IReadOnlyList<MaskedLayer> FindAny(nn.Module model, IReadOnlyList<string>? chosen = null,
        IReadOnlyList<string>? except = null)
    {
        var weights = new Dictionary<string, int>();
        foreach (var (path, module) in model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item1))
            if (Layer.Of(path, module) is { Consumes: true } layer)
                weights[path.Length > 0 ? $"{path}.weight" : "weight"] = layer.Kind == LayerKind.Transposed ? 0 : 1;
        return [.. FlatModel.NamedTrainable(model)
            .Where(p => p.Parameter is { NumberOfElements: > 0, Dimensions: > 0 }
                && (chosen?.Any(name => Matches(name, p.Name)) ?? weights.ContainsKey(p.Name))
                && !(except?.Any(name => Matches(name, p.Name)) ?? false))
            .Select(p => new MaskedLayer(
                p.Name, p.Parameter, weights.TryGetValue(p.Name, out var axis) ? axis : Math.Min(1, (int)p.Parameter.Dimensions - 1)))];
    }

    static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, false);
}
