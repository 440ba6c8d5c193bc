using TorchSharp.Native;

namespace TorchSharp;

// Several tensors into one.
public static partial class torch
{
    static readonly Op catOp = new("aten::cat");
    static readonly Op columnStackOp = new("aten::column_stack");
    static readonly Op dstackOp = new("aten::dstack");
    static readonly Op hstackOp = new("aten::hstack");
    static readonly Op meshgridIndexingOp = new("aten::meshgrid", "indexing");
    static readonly Op vstackOp = new("aten::vstack");
    static readonly Op stackOp = new("aten::stack");

    public static Tensor cat(IList<Tensor> tensors, long dim = 0)
        => tensors.Count == 0 ? throw new ArgumentException(nameof(tensors)) : catOp.Call(tensors.ToArray(), dim);

    public static Tensor column_stack(IList<Tensor> tensors) => columnStackOp.Call(tensors.ToArray());
    public static Tensor column_stack(params Tensor[] tensors) => columnStackOp.Call(tensors);

    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concatenate(IList<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor dstack(IEnumerable<Tensor> tensors) => dstackOp.Call(tensors.ToArray());
    public static Tensor dstack(IList<Tensor> tensors) => dstackOp.Call(tensors.ToArray());
    public static Tensor dstack(params Tensor[] tensors) => dstackOp.Call(tensors);

    public static Tensor hstack(IEnumerable<Tensor> tensors) => hstackOp.Call(tensors.ToArray());
    public static Tensor hstack(IList<Tensor> tensors) => hstackOp.Call(tensors.ToArray());
    public static Tensor hstack(params Tensor[] tensors) => hstackOp.Call(tensors);

    public static Tensor[] meshgrid(IEnumerable<Tensor> tensors, string indexing = "ij") => meshgridIndexingOp.CallMany(tensors.ToArray(), indexing);

    public static Tensor row_stack(IList<Tensor> tensors) => vstackOp.Call(tensors.ToArray());
    public static Tensor row_stack(params Tensor[] tensors) => vstackOp.Call(tensors);

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => stackOp.Call(tensors.ToArray(), dim);

    public static Tensor vstack(IList<Tensor> tensors) => vstackOp.Call(tensors.ToArray());
}
