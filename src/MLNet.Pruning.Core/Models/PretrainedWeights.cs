using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Weights that a network starts from: safetensors, or a state dictionary that PyTorch saved (.pth, .pt, .bin). Nothing in the file is
/// executed.
/// </summary>
/// <remarks>
/// The last layer starts with random weights if the file has it for another number of classes, or not at all. All other tensors must be
/// in both, unless <see cref="Strict"/> is false. A <see cref="Vit"/> also reads the vision transformers of timm, torchvision and Hugging
/// Face, which compute the same function then.
/// </remarks>
/// <param name="Path">The file.</param>
public sealed record PretrainedWeights(string Path)
{
    /// <summary>
    /// Maps a name in the file to the network's name, or to null to skip the tensor; null if the names are equal, or are those of a known
    /// vision transformer.
    /// </summary>
    public Func<string, string?>? Rename { get; init; }

    /// <summary>
    /// Whether it is an error if file and network differ in more than the last layer; otherwise the network keeps its random weights
    /// where the file has none, and what only the file has is ignored.
    /// </summary>
    public bool Strict { get; init; } = true;

    /// <summary>
    /// The mean of each channel that was subtracted from pixels (0 to 1) when the weights were trained; null for none. For ImageNet, most
    /// networks have 0.485, 0.456, 0.406. With <see cref="Std"/>, it becomes part of a vision transformer's embedding, so that the network
    /// reads pixels as they are. Other networks normalise in a layer of their own.
    /// </summary>
    public IReadOnlyList<double>? Mean { get; init; }

    /// <summary>
    /// The standard deviation of each channel by which pixels were divided when the weights were trained, each above 0; null for 1. For
    /// ImageNet, most networks have 0.229, 0.224, 0.225.
    /// </summary>
    public IReadOnlyList<double>? Std { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value. The file is not read.</summary>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Path))
            throw new ArgumentException($"{nameof(PretrainedWeights)}.{nameof(Path)} is empty; wanted a file of weights.");
        if (!File.Exists(Path))
            throw new ArgumentException($"{nameof(PretrainedWeights)}.{nameof(Path)} is '{Path}', which is not there.");
        if (Mean?.FirstOrDefault(mean => !double.IsFinite(mean), 0) is { } mean and not 0)
            throw new ArgumentException(FormattableString.Invariant($"{nameof(Mean)} has {mean}; wanted finite numbers."));
        if (Std?.FirstOrDefault(std => !(std > 0 && double.IsFinite(std)), 1) is { } std and not 1)
            throw new ArgumentException(FormattableString.Invariant($"{nameof(Std)} has {std}; wanted numbers above 0."));
    }

    /// <summary>Loads the weights into a network.</summary>
    /// <param name="network">The network; unchanged if the file is refused.</param>
    /// <returns>
    /// What was loaded, by the network's names, and what was not: <see cref="StateMatch.Missing"/> and
    /// <see cref="StateMatch.Mismatched"/> have the last layer if it starts with random weights.
    /// </returns>
    /// <exception cref="InvalidDataException">The file is damaged, or of another network.</exception>
    public StateMatch LoadInto(nn.Module network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Validate();
        var stored = Renamed();
        if (network is Vit vit)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var blueprint = vit.Blueprint;
            IReadOnlyList<string> unknown = [];
            if (PretrainedVit.Find(stored, Path) is { } found)
            {
                if (Strict && blueprint.NormEpsilon != found.Epsilon)
                    throw new InvalidDataException(FormattableString.Invariant(
                        $"NormEpsilon is {blueprint.NormEpsilon}; wanted {found.Epsilon}, as the transformer of '{Path}' has it. ")
                        + $"Build the network with it, or set {nameof(Strict)} to false.");
                (stored, unknown) = (found.For(blueprint), found.Unknown);
            }
            if (unknown.Count > 0 && Strict)
                throw new InvalidDataException($"'{Path}' is of a transformer that computes more than a Vit: it has "
                    + $"{string.Join(", ", unknown.Take(5))}. Set {nameof(Strict)} to false to load the rest.");
            if (Mean is not null || Std is not null)
                stored = PretrainedVit.Normalized(stored, blueprint.Image[0], Mean, Std);
            var match = StateFile.Load(network, stored, Path, Accepts(network), null);
            return match with { Unexpected = [.. unknown, .. match.Unexpected] };
        }
        if (Mean is not null || Std is not null)
            throw new ArgumentException($"{nameof(PretrainedWeights)}.{(Mean is null ? nameof(Std) : nameof(Mean))} is set, and the "
                + $"network is a {network.GetType().Name}; only a {nameof(Vit)} takes it into its first layer. Normalise in the module.");
        return StateFile.Load(network, stored, Path, Accepts(network), null);
    }

    /// <summary>The tensors of the file under the network's names.</summary>
    internal IReadOnlyList<(string Name, StoredTensor Tensor)> Renamed()
    {
        var stored = StateFile.Read(Path);
        return Rename is null ? stored
            : [.. stored.Select(s => (Name: Rename(s.Name), s.Tensor)).Where(s => s.Name is not null).Select(s => (s.Name!, s.Tensor))];
    }

    /// <summary>
    /// The last layer may differ: the file may have been trained on other classes. The file may lack buffers of layers without parameters,
    /// which are constants, such as a normalisation of pixels.
    /// </summary>
    Predicate<StateMatch> Accepts(nn.Module network)
    {
        string[] layers = [.. network.named_parameters().Select(p => Layer(p.name))];
        var last = layers.LastOrDefault();
        return match => match.Loaded.Count > 0 && (!Strict || (match.Unexpected.Count == 0
            && match.Mismatched.All(difference => Layer(difference[..difference.IndexOf(':')]) == last)
            && match.Missing.Select(Layer).All(layer => layer == last || !layers.Contains(layer))));

        static string Layer(string name) => name[..(name.LastIndexOf('.') + 1)];
    }
}
