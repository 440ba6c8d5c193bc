namespace TorchSharp;

public static partial class torch
{
    // What belongs nowhere else.
    public partial class Tensor
    {

        public Tensor type(Func<Tensor, Tensor> typeFunc) => typeFunc(this);
    }
}
