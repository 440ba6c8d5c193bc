using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Reads the gradient of a tensor on every version of TorchSharp.</summary>
public static class Gradient
{
    /// <summary>
    /// The gradient, or null where there is none. The result is the caller's to dispose of, and writing to it in place writes the gradient.
    /// </summary>
    // Up to 0.102 `grad` is a method, later a property; which of the two overloads below is meant is settled at compile time.
    public static Tensor? Of(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Read(tensor.grad);
    }

    /// <summary>Makes a leaf have a gradient, of zeros. Back-propagating zeros from the leaf itself is what does so on every version.</summary>
    internal static void Give(Tensor leaf) => autograd.backward(leaf, zeros_like(leaf));

    static Tensor? Read(Func<Tensor?> method) => method();

#pragma warning disable IDE0051 // One of the two is unused, depending on the version.
    static Tensor? Read(Tensor? property) => property;
#pragma warning restore IDE0051
}
