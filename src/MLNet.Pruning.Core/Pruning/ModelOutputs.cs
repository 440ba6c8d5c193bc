using static TorchSharp.torch;

namespace MLNet.Pruning;

static class ModelOutputs
{
    /// <summary>All that a model computes; of an autoencoder its latents as well, of which the loss is made.</summary>
    public static IReadOnlyList<Tensor> Of(nn.Module model, Tensor input)
    {
        switch (model)
        {
            case Vae vae:
                var output = vae.Run(input);
                return [output.Logits, output.Mean, output.LogVariance];
            case nn.Module<Tensor, Tensor> network:
                return [network.call(input)];
            default:
                throw new NotSupportedException($"{model.GetType().Name} does not take one tensor and give one: set {nameof(NeuronPruning)}.{nameof(NeuronPruning.Forward)} to a function that runs it.");
        }
    }
}
