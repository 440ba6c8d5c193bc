using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Elements by index or by mask.
    public partial class Tensor
    {
        static readonly Op argwhereOp = new("aten::argwhere");
        static readonly Op gatherOp = new("aten::gather");
        static readonly Op indexAddOp = new("aten::index_add");
        static readonly Op indexAddInPlaceOp = new("aten::index_add_");
        static readonly Op indexCopyOp = new("aten::index_copy");
        static readonly Op indexCopyInPlaceOp = new("aten::index_copy_");
        static readonly Op indexFillIntScalarOp = new("aten::index_fill", "int_Scalar");
        static readonly Op indexFillIntScalarInPlaceOp = new("aten::index_fill_", "int_Scalar");
        static readonly Op indexSelectOp = new("aten::index_select");
        static readonly Op maskedFillScalarOp = new("aten::masked_fill", "Scalar");
        static readonly Op maskedFillScalarInPlaceOp = new("aten::masked_fill_", "Scalar");
        static readonly Op maskedScatterOp = new("aten::masked_scatter");
        static readonly Op maskedScatterInPlaceOp = new("aten::masked_scatter_");
        static readonly Op maskedSelectOp = new("aten::masked_select");
        static readonly Op nonzeroOp = new("aten::nonzero");
        static readonly Op scatterSrcOp = new("aten::scatter", "src");
        static readonly Op scatterSrcInPlaceOp = new("aten::scatter_", "src");
        static readonly Op scatterAddOp = new("aten::scatter_add");
        static readonly Op scatterAddInPlaceOp = new("aten::scatter_add_");
        static readonly Op takeOp = new("aten::take");
        static readonly Op takeAlongDimOp = new("aten::take_along_dim");
        static readonly Op whereSelfOp = new("aten::where", "self");

        public Tensor argwhere() => argwhereOp.Call(this);

        public Tensor gather(long dim, Tensor index) => gatherOp.Call(this, dim, index);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => indexAddOp.Call(this, dim, Int64(index), source, alpha);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => indexAddInPlaceOp.Apply(this, dim, Int64(index), source, alpha);

        public Tensor index_copy(long dim, Tensor index, Tensor source) => indexCopyOp.Call(this, dim, Int64(index), source);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => indexCopyInPlaceOp.Apply(this, dim, Int64(index), source);

        public Tensor index_fill(long dim, Tensor index, Scalar value) => indexFillIntScalarOp.Call(this, dim, Int64(index), value);
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => indexFillIntScalarInPlaceOp.Apply(this, dim, Int64(index), value);

        public Tensor index_select(long dim, Tensor index) => indexSelectOp.Call(this, dim, index);

        public Tensor masked_fill(Tensor mask, Scalar value) => maskedFillScalarOp.Call(this, mask, value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => maskedFillScalarInPlaceOp.Apply(this, mask, value);

        public Tensor masked_scatter(Tensor mask, Tensor value) => maskedScatterOp.Call(this, mask, value);
        public Tensor masked_scatter_(Tensor mask, Tensor value) => maskedScatterInPlaceOp.Apply(this, mask, value);

        public Tensor masked_select(Tensor mask) => mask.dtype == ScalarType.Bool ? maskedSelectOp.Call(this, mask) : throw new ArgumentException("The mask tensor must be Boolean.");

        public Tensor nonzero() => nonzeroOp.Call(this);

        public IList<Tensor> nonzero_as_list() => Columns(nonzero());

        public Tensor scatter(long dim, Tensor index, Tensor src) => scatterSrcOp.Call(this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => scatterSrcInPlaceOp.Apply(this, dim, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => scatterAddOp.Call(this, dim, index, src);
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => scatterAddInPlaceOp.Apply(this, dim, index, src);

        public Tensor take(Tensor index) => takeOp.Call(this, index);

        public Tensor take_along_dim(IEnumerable<long> indices) => take_along_dim(tensor(indices.ToArray()));
        public Tensor take_along_dim(IEnumerable<long> indices, long dim) => take_along_dim(tensor(indices.ToArray()), dim);
        public Tensor take_along_dim(Tensor indices) => takeAlongDimOp.Call(this, indices);
        public Tensor take_along_dim(Tensor indices, long dim) => takeAlongDimOp.Call(this, indices, dim);

        public Tensor where(Tensor condition, Tensor y) => condition.dtype == ScalarType.Bool ? whereSelfOp.Call(condition, this, y) : throw new ArgumentException("The condition of 'where' must be a boolean tensor.");
    }
}
