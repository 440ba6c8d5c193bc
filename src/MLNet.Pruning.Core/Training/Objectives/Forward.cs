using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

static class Forward
{
    /// <summary>Calls a module that takes and gives one tensor.</summary>
    public static Tensor Through(nn.Module model, Tensor input) => model is nn.Module<Tensor, Tensor> network
        ? network.call(input)
        : throw new ArgumentException($"{model.GetType().Name} does not take one tensor and give one; an objective of its own must call it.");
}
