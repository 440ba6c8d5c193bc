using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// Scales the number that a network computes, by changing its last linear layer: y becomes scale * y + offset. Training then works with
/// numbers of size 1, whatever the size of the targets, and the trained network needs no further step.
/// </summary>
static class OutputLayer
{
    // A power of two, by which weights, biases and sums are multiplied without rounding.
    const double Factor = 4;

    /// <summary>
    /// The name of the linear layer whose output is the network's, whatever the weights; null if there is none, such as for a network that
    /// ends with an activation. The network itself has the empty name.
    /// </summary>
    /// <param name="trial">A network with one output. Its weights are lost: layers that do nothing at first, such as a new batch norm or a
    /// gain of 1, must show.</param>
    /// <param name="shape">The shape of a row.</param>
    public static string? Find(nn.Module<Tensor, Tensor> trial, IReadOnlyList<long> shape)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mode = new EvaluationMode(trial);
        using var random = new RandomState();
        foreach (var tensor in trial.parameters().Concat(trial.buffers()).Where(tensor => tensor.is_floating_point()))
            Perturb(tensor);
        var rows = rand([2, .. shape], device: trial.parameters().First().device);
        var before = trial.call(rows).clone();
        double size = 1 + before.abs().max().item<float>();
        return trial.named_modules().Prepend(("", trial)).Where(part => part.Item2 is Linear { bias.NumberOfElements: 1 } layer
            && Scales(layer, Factor, 0, 1e-5 * size * Factor)
            && new[] { size, -size, 10 * size, -10 * size }.All(offset => Scales(layer, 1, offset, 1e-4 * Math.Abs(offset))))
            .Select(part => part.Item1).FirstOrDefault();

        // An activation behind the layer, a layer in the middle, or another part of a sum shows by another result.
        bool Scales(Linear layer, double scale, double offset, double tolerance)
        {
            var (weight, bias) = (layer.weight!.clone(), layer.bias!.clone());
            Scale(layer, scale, offset);
            var found = trial.call(rows);
            layer.weight!.copy_(weight);
            layer.bias!.copy_(bias);
            return (found - before.Times(scale).Plus(offset)).abs().max().item<float>() <= tolerance;
        }
    }

    /// <summary>Scales the output of a layer.</summary>
    /// <exception cref="ArgumentException">The network has no linear layer of this name.</exception>
    public static void Scale(nn.Module network, string name, double scale, double offset) =>
        Scale(network.named_modules().Prepend(("", network)).FirstOrDefault(part => part.Item1 == name).Item2 as Linear
            ?? throw new ArgumentException($"The network has no linear layer '{name}'."), scale, offset);

    static void Scale(Linear layer, double scale, double offset)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        layer.weight!.copy_(layer.weight!.Times(scale));
        layer.bias!.copy_(layer.bias!.Times(scale).Plus(offset));
    }

    /// <summary>Changes weights by about their usual size, so that deep networks stay finite; gains and variances stay positive.</summary>
    static void Perturb(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0)
            return;
        tensor.add_(tensor.dim() > 1
            ? randn_like(tensor).Times(0.5 / Math.Sqrt(Math.Max(1, tensor.NumberOfElements / tensor.shape[0])))
            : rand_like(tensor).Times(0.5), Scalars.One);
    }
}
