using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class PickingTests : PeerInputs
{
    [TestMethod]
    public void Picking_and_sorting_agree_with_PyTorch() => Compare("picking", new()
    {
        ["gather"] = () => a.gather(1, i),
        ["scatter"] = () => a.scatter(1, i, b),
        ["scatter_add"] = () => a.scatter_add(1, i, b),
        ["in place scatter_add"] = () => a.clone().scatter_add_(1, i, b),
        ["index_select"] = () => a.index_select(0, r),
        ["index_add"] = () => a.index_add(0, r, b[..2], 2),
        ["index_copy"] = () => a.index_copy(0, r, b[..2]),
        ["index_fill"] = () => a.index_fill(1, r, 9),
        ["masked_fill"] = () => a.masked_fill(m, -1),
        ["masked_select"] = () => a.masked_select(m),
        ["masked_scatter"] = () => a.masked_scatter(m, b),
        ["take"] = () => a.take(r),
        ["take_along_dim"] = () => a.take_along_dim(i, 1),
        ["where"] = () => torch.where(m, a, b),
        ["nonzero"] = () => m.nonzero(),
        ["argwhere"] = () => m.argwhere(),
        ["sort values"] = () => s.sort(1).Values,
        ["sort stable indices"] = () => s.sort(1, true, true).Indices,
        ["argsort"] = () => a.argsort(1),
        ["topk"] = () => s.topk(2).values,
        ["topk smallest"] = () => s.topk(2, 0, false).values,
        ["kthvalue"] = () => a.kthvalue(2, 1).values,
        ["msort"] = () => a.msort(),
        ["unique"] = () => i.unique().output,
        ["unique counts"] = () => i.unique(return_counts: true).counts!,
        ["searchsorted"] = () => torch.searchsorted(v.sort().Values, w),
        ["bucketize"] = () => torch.bucketize(a, v.sort().Values),
        ["row"] = () => a[1],
        ["cell"] = () => a[1, 2],
        ["last column"] = () => a[.., TensorIndex.Single(-1)],
        ["range"] = () => a[1.., ..2],
        ["step"] = () => a[TensorIndex.Colon, TensorIndex.Slice(step: 2)],
        ["new axis"] = () => a[TensorIndex.None, TensorIndex.Single(0)],
        ["ellipsis"] = () => t[TensorIndex.Ellipsis, TensorIndex.Single(1)],
        ["mask"] = () => a[m],
        ["index tensor"] = () => a[r],
        ["two index tensors"] = () => a[r, r + 1],
        ["index and slice"] = () => a[TensorIndex.Tensor(r), TensorIndex.Slice(1, 3)],
    });
}
