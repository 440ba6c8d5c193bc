using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// Scales the number that a network computes, by changing its last linear layer: y becomes scale * y + offset. Training then works with
/// numbers of size 1, whatever the size of the targets, and the trained network needs no further step.
/// </summary>
static class OutputLayer
{
    /// <summary>
    /// The linear layer whose output is the network's; null if there is none, such as for a network that ends with an activation.
    /// </summary>
    /// <param name="network">A network with one output.</param>
    /// <param name="shape">The shape of a row.</param>
    /// <param name="scale">The factor to try.</param>
    /// <param name="offset">The offset to try.</param>
    public static Linear? Find(nn.Module<Tensor, Tensor> network, IReadOnlyList<long> shape, double scale, double offset)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mode = new EvaluationMode(network);
        using var random = new RandomState();
        var device = network.parameters().First().device;
        using var half = Scalars.Of(0.5);
        var rows = full([2, .. shape], half, device: device);
        var before = network.call(rows).clone();
        return network.modules().Prepend(network).OfType<Linear>().FirstOrDefault(layer => layer.bias is { NumberOfElements: 1 }
            && new[] { offset, -offset, 10 * scale, -10 * scale }.All(other => Scales(layer, other)));

        // An activation behind the layer, or a layer in the middle, shows by another result.
        bool Scales(Linear layer, double offset)
        {
            var (weight, bias) = (layer.weight!.clone(), layer.bias!.clone());
            Scale(layer, scale, offset);
            var found = network.call(rows);
            layer.weight!.copy_(weight);
            layer.bias!.copy_(bias);
            var wanted = before.Times(scale).Plus(offset);
            var size = before.abs().max().item<float>() * scale + Math.Abs(offset);
            return (found - wanted).abs().max().item<float>() <= 1e-4 * size;
        }
    }

    /// <summary>Scales the output of a layer.</summary>
    public static void Scale(Linear layer, double scale, double offset)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        layer.weight!.copy_(layer.weight!.Times(scale));
        layer.bias!.copy_(layer.bias!.Times(scale).Plus(offset));
    }
}
