using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Order and ranks.
    public partial class Tensor
    {
        static readonly Op argsortOp = new("aten::argsort");
        static readonly Op kthvalueOp = new("aten::kthvalue");
        static readonly Op msortOp = new("aten::msort");
        static readonly Op sortStableOp = new("aten::sort", "stable");
        static readonly Op topkOp = new("aten::topk");

        public Tensor argsort(long dim = -1, bool descending = false) => argsortOp.Call(this, dim, descending);

        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => kthvalueOp.Call2(this, k, dim ?? -1, keepdim);

        public Tensor msort() => msortOp.Call(this);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) => sortStableOp.Call2(this, stable, dim, descending);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => topkOp.Call2(this, k, dim, largest, sorted);

        [Obsolete("use torch.kthvalue", false)]
        public static (Tensor values, Tensor indices) kthvalue(Tensor input, long k, long? dim, bool keepdim = false) => input.kthvalue(k, dim, keepdim);
    }
}
