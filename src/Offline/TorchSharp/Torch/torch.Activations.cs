using TorchSharp.Native;

namespace TorchSharp;

// The functions that networks put between their layers.
public static partial class torch
{
    static readonly Op softmaxIntOp = new("aten::softmax", "int");

    public static Tensor softmax(Tensor input, int dim, ScalarType? dtype = null) => softmaxIntOp.Call(input, dim, dtype);
}
