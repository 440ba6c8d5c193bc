using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

static class Activations
{
    public static nn.Module<Tensor, Tensor> Module(this Activation activation) => activation switch
    {
        Activation.Relu => nn.ReLU(),
        Activation.LeakyRelu => new LeakyRelu(),
        Activation.Gelu => nn.GELU(),
        Activation.Silu => nn.SiLU(),
        Activation.Tanh => nn.Tanh(),
        Activation.Sigmoid => nn.Sigmoid(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), $"There is no activation {activation}."),
    };

    /// <summary>TorchSharp's own does not hold the scalar of its slope (see <see cref="Scalars"/>).</summary>
    sealed class LeakyRelu() : nn.Module<Tensor, Tensor>(nameof(LeakyRelu))
    {
        static readonly TorchSharp.Scalar slope = 0.01;

        public override Tensor forward(Tensor input) => input.leaky_relu(slope);
    }
}
