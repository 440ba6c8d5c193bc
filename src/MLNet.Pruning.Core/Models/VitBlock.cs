using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>One block: attention, then a layer of hidden neurons. Each reads the tokens normalised, and adds to them what it makes of them.</summary>
sealed class VitBlock : nn.Module
{
    readonly LayerNorm attentionNorm, hiddenNorm;
    readonly VitAttention attention;
    readonly Linear hidden, output;
    readonly nn.Module<Tensor, Tensor> activation;
    readonly Dropout? dropout;
    readonly int merge;

    public VitBlock(VitBlueprint blueprint, int number, int merge) : base(nameof(VitBlock))
    {
        this.merge = merge;
        long dim = blueprint.Dim, neurons = blueprint.BlockHidden[number];
        attentionNorm = nn.LayerNorm(dim);
        attention = new VitAttention(dim, blueprint.BlockHeads[number], blueprint.HeadSize);
        hiddenNorm = nn.LayerNorm(dim);
        hidden = nn.Linear(dim, neurons);
        activation = blueprint.Activation.Module();
        output = nn.Linear(neurons, dim);
        if (blueprint.Dropout > 0)
            dropout = nn.Dropout(blueprint.Dropout);
        RegisterComponents();
    }

    public VitTokens Run(VitTokens tokens)
    {
        using var scope = NewDisposeScope();
        tokens = tokens with { Values = tokens.Values.Plus(Dropped(attention.Run(attentionNorm.call(tokens.Values), tokens.Sizes))) };
        // Tokens are compared as the next layer sees them: what it does not read any more does not count.
        if (merge > 0)
            tokens = tokens.Merged(merge, hiddenNorm.call(tokens.Values));
        tokens = tokens with { Values = tokens.Values.Plus(Dropped(output.call(activation.call(hidden.call(hiddenNorm.call(tokens.Values)))))) };
        return tokens with { Values = tokens.Values.MoveToOuterDisposeScope(), Sizes = merge > 0 ? tokens.Sizes?.MoveToOuterDisposeScope() : tokens.Sizes };
    }

    Tensor Dropped(Tensor values) => dropout is null ? values : dropout.call(values);
}
