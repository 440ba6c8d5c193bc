using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        static readonly Op uniqueOp = new("aten::_unique2");
        static readonly Op uniqueDimOp = new("aten::unique_dim");
        static readonly Op uniqueConsecutiveOp = new("aten::unique_consecutive");

        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique(bool sorted = true, bool return_inverse = false,
            bool return_counts = false, int? dim = null) =>
            Asked(dim is { } d
                ? uniqueDimOp.Call3(this, d, sorted, return_inverse, return_counts)
                : uniqueOp.Call3(this, sorted, return_inverse, return_counts), return_inverse, return_counts);

        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique_consecutive(bool return_inverse = false,
            bool return_counts = false, int? dim = null) =>
            Asked(uniqueConsecutiveOp.Call3(this, return_inverse, return_counts, dim), return_inverse, return_counts);

        // LibTorch gives empty tensors for what was not asked for.
        static (Tensor, Tensor?, Tensor?) Asked((Tensor Output, Tensor Inverse, Tensor Counts) found, bool inverse, bool counts)
        {
            if (!inverse)
                found.Inverse.Dispose();
            if (!counts)
                found.Counts.Dispose();
            return (found.Output, inverse ? found.Inverse : null, counts ? found.Counts : null);
        }
    }
}
