using System.Runtime.InteropServices;
using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>Networks of this library as scoring plans, which need no LibTorch.</summary>
public static class NetworkPlans
{
    /// <summary>Compiles a <see cref="FeedForward"/>, <see cref="ConvNet"/>, <see cref="Vit"/> or <see cref="Vae"/>, as it scores in evaluation
    /// mode. What is done to the network afterwards does not change the plan.</summary>
    /// <param name="network">The network, perhaps smaller than it was built, on any device.</param>
    /// <param name="output">What a classifier gives.</param>
    /// <exception cref="ArgumentException">It is a module of another kind.</exception>
    public static ScoringPlan Compile(nn.Module network, ScoringOutput output = ScoringOutput.Probabilities) =>
        ScoringPlan.Compile(Describe(Blueprint.Of(network))!, Weights(network), output);

    /// <summary>What a plan is compiled from, beside the weights; null for a module of the user's own.</summary>
    internal static NetworkDescription? Describe(Blueprint blueprint) =>
        blueprint is ModuleBlueprint ? null : SavedDescription.Read(Encoding.UTF8.GetBytes(blueprint.ToJson()));

    internal static NetworkWeights Weights(nn.Module network)
    {
        using var scope = NewDisposeScope();
        var weights = new NetworkWeights();
        var parameters = network.named_parameters().Select(p => (p.name, (Tensor)p.parameter));
        foreach (var (name, tensor) in parameters.Concat(network.named_buffers().Select(b => (b.name, b.buffer))))
        {
            // Not the number of batches that a batch norm has seen.
            if (tensor.dtype != ScalarType.Float32)
                continue;
            var data = tensor.detach().cpu().contiguous();
            weights.Add(name, MemoryMarshal.Cast<byte, float>(data.bytes).ToArray(), [.. data.shape.Select(size => checked((int)size))]);
        }
        return weights;
    }
}
