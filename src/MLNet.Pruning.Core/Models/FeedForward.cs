using MLNet.Pruning.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A fully connected network: linear layers with an activation between them, and logits at the end.</summary>
public sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    readonly Sequential layers;
    readonly long inputs;
    readonly int depth;
    readonly Activation activation;

    /// <summary>Layers from <paramref name="sizes"/>[0] inputs through the hidden sizes to the last one's outputs.</summary>
    /// <param name="sizes">At least two sizes, each at least 1; 784, 50, 30, 10 is the network of the rank-based paper.</param>
    /// <param name="activation">The activation between the layers.</param>
    public FeedForward(IReadOnlyList<int> sizes, Activation activation = Activation.Relu) : base(nameof(FeedForward))
    {
        new FeedForwardBlueprint(sizes, activation).Validate();
        var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
        for (var i = 1; i < sizes.Count; i++)
        {
            parts.Add(($"linear{i}", nn.Linear(sizes[i - 1], sizes[i])));
            if (i < sizes.Count - 1)
                parts.Add(($"{activation.ToString().ToLowerInvariant()}{i}", activation.Module()));
        }
        (inputs, depth, this.activation) = (sizes[0], sizes.Count - 1, activation);
        layers = nn.Sequential([.. parts]);
        RegisterComponents();
    }

    /// <summary>The present blueprint of the network, also after neurons were removed.</summary>
    public FeedForwardBlueprint Blueprint
    {
        get
        {
            var sizes = new PresentSizes(this);
            return new([sizes.Second("layers.linear1"), .. sizes.First("layers.linear", depth)], activation);
        }
    }

    /// <summary>[rows, ...] -> [rows, last size]; all dimensions after the rows are flattened.</summary>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return layers.call(input.Dimensions == 2 ? input : input.reshape(-1, inputs));
    }
}

/// <summary>The blueprint of a <see cref="FeedForward"/>.</summary>
/// <param name="Sizes">Inputs, hidden sizes, outputs.</param>
/// <param name="Activation">The activation between the layers.</param>
public sealed record FeedForwardBlueprint(IReadOnlyList<int> Sizes, Activation Activation = Activation.Relu) : Blueprint
{
    /// <inheritdoc/>
    public override IReadOnlyList<long> InputShape => [Sizes[0]];

    /// <inheritdoc/>
    public override FeedForward Build() => RandomState.Draw(() => new FeedForward(Sizes, Activation));

    internal override Int128 WeightCount => ImageParts.Dense(Sizes);

    /// <inheritdoc/>
    public override void Validate()
    {
        if (Sizes is null || Sizes.Count < 2)
            throw new ArgumentException($"A feed-forward network needs at least two sizes, its inputs and its outputs; there are "
                + $"{Sizes?.Count ?? 0}.");
        for (var i = 0; i < Sizes.Count; i++)
            if (Sizes[i] < 1)
                throw new ArgumentException($"Size {i} of the feed-forward network is {Sizes[i]}; it must be at least 1.");
        if (!Enum.IsDefined(Activation))
            throw new ArgumentException($"There is no activation {Activation}.");
    }

    /// <summary>Whether the other blueprint has the same sizes and activation.</summary>
    public bool Equals(FeedForwardBlueprint? other) => other is not null && Activation == other.Activation
        && Sizes.SequenceEqual(other.Sizes);

    /// <inheritdoc/>
    public override int GetHashCode() => Sizes.Aggregate((int)Activation, HashCode.Combine);
}
