using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests;

static class HeldScalar
{
    /// <summary>Calls an operator with a scalar that lives until it is through (see <see cref="Scalars"/>).</summary>
    public static Tensor With(this Tensor x, double number, Func<Tensor, Scalar, Tensor> call)
    {
        using Scalar scalar = number;
        return call(x, scalar);
    }

    public static Tensor Fill(this Tensor x, double number) => x.With(number, (x, scalar) => x.fill_(scalar));
}
