using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Other shapes over the same elements.
    public partial class Tensor
    {
        static readonly Op adjointOp = new("aten::adjoint");
        static readonly Op aliasOp = new("aten::alias");
        static readonly Op asStridedOp = new("aten::as_strided");
        static readonly Op atleast1dOp = new("aten::atleast_1d");
        static readonly Op atleast2dOp = new("aten::atleast_2d");
        static readonly Op atleast3dOp = new("aten::atleast_3d");
        static readonly Op broadcastToOp = new("aten::broadcast_to");
        static readonly Op cloneOp = new("aten::clone");
        static readonly Op conjOp = new("aten::conj");
        static readonly Op conjPhysicalOp = new("aten::conj_physical");
        static readonly Op conjPhysicalInPlaceOp = new("aten::conj_physical_");
        static readonly Op contiguousOp = new("aten::contiguous");
        static readonly Op copyInPlaceOp = new("aten::copy_");
        static readonly Op detachOp = new("aten::detach");
        static readonly Op detachInPlaceOp = new("aten::detach_");
        static readonly Op diagonalOp = new("aten::diagonal");
        static readonly Op expandOp = new("aten::expand");
        static readonly Op flattenUsingIntsOp = new("aten::flatten", "using_ints");
        static readonly Op movedimIntlistOp = new("aten::movedim", "intlist");
        static readonly Op narrowOp = new("aten::narrow");
        static readonly Op permuteOp = new("aten::permute");
        static readonly Op pinMemoryOp = new("aten::pin_memory");
        static readonly Op ravelOp = new("aten::ravel");
        static readonly Op reshapeOp = new("aten::reshape");
        static readonly Op resolveConjOp = new("aten::resolve_conj");
        static readonly Op resolveNegOp = new("aten::resolve_neg");
        static readonly Op selectIntOp = new("aten::select", "int");
        static readonly Op setSourceTensorInPlaceOp = new("aten::set_", "source_Tensor");
        static readonly Op sliceTensorOp = new("aten::slice", "Tensor");
        static readonly Op squeezeDimOp = new("aten::squeeze", "dim");
        static readonly Op squeezeOp = new("aten::squeeze");
        static readonly Op squeezeDimInPlaceOp = new("aten::squeeze_", "dim");
        static readonly Op squeezeInPlaceOp = new("aten::squeeze_");
        static readonly Op tOp = new("aten::t");
        static readonly Op toDenseOp = new("aten::to_dense");
        static readonly Op transposeIntOp = new("aten::transpose", "int");
        static readonly Op transposeInPlaceOp = new("aten::transpose_");
        static readonly Op unflattenIntOp = new("aten::unflatten", "int");
        static readonly Op unfoldOp = new("aten::unfold");
        static readonly Op unsqueezeOp = new("aten::unsqueeze");
        static readonly Op unsqueezeInPlaceOp = new("aten::unsqueeze_");
        static readonly Op viewOp = new("aten::view");
        static readonly Op viewAsComplexOp = new("aten::view_as_complex");
        static readonly Op viewAsRealOp = new("aten::view_as_real");

        public Tensor adjoint() => adjointOp.Call(this);

        public Tensor alias() => aliasOp.Call(this);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => asStridedOp.Call(this, size, strides, storageOffset);

        public Tensor atleast_1d() => atleast1dOp.Call(this);

        public Tensor atleast_2d() => atleast2dOp.Call(this);

        public Tensor atleast_3d() => atleast3dOp.Call(this);

        public Tensor broadcast_to(params long[] shape) => broadcastToOp.Call(this, shape);

        public Tensor clone() => cloneOp.Call(this);

        public Tensor conj() => conjOp.Call(this);

        public Tensor conj_physical() => conjPhysicalOp.Call(this);
        public Tensor conj_physical_() => conjPhysicalInPlaceOp.Apply(this);

        public Tensor contiguous() => contiguousOp.Call(this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => copyInPlaceOp.Apply(this, source, nonBlocking);

        public Tensor detach() => detachOp.Call(this);
        public Tensor detach_() => detachInPlaceOp.Apply(this);

        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => dim1 != dim2 ? diagonalOp.Call(this, offset, dim1, dim2) : throw new ArgumentException($"Diagonal dimensions cannot be identical {dim1}, {dim2}");

        public Tensor expand(long[] sizes, bool isImplicit = false) => expandOp.Call(this, sizes, isImplicit);
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => expandOp.Call(this, sizes.ToArray(), isImplicit);
        public Tensor expand(Size sizes, bool isImplicit = false) => expandOp.Call(this, sizes.Shape, isImplicit);
        public Tensor expand(params long[] sizes) => expandOp.Call(this, sizes);

        public Tensor expand_as(Tensor other) => expand(other.shape);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => flattenUsingIntsOp.Call(this, start_dim, end_dim);

        public Tensor moveaxis(long[] source, long[] destination) => movedim(source, destination);

        public Tensor movedim(long[] source, long[] destination) => movedimIntlistOp.Call(this, source, destination);

        public Tensor narrow(long dim, long start, long length) => narrowOp.Call(this, dim, start, length);

        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());
        public Tensor permute(params long[] permutation) => permuteOp.Call(this, permutation);

        public Tensor pin_memory() => pinMemoryOp.Call(this);

        public Tensor ravel() => ravelOp.Call(this);

        public Tensor reshape(params long[] shape) => reshapeOp.Call(this, shape);

        public Tensor resolve_conj() => resolveConjOp.Call(this);

        public Tensor resolve_neg() => resolveNegOp.Call(this);

        public Tensor select(long dim, long index) => selectIntOp.Call(this, dim, index);

        public Tensor set_(Tensor source) => setSourceTensorInPlaceOp.Apply(this, source);

        public Tensor slice(long dim, long start, long finish, long step) => step >= 1 ? sliceTensorOp.Call(this, dim, start, finish, step) : throw new ArgumentException($"The step of a slice must be positive, it is {step}.");

        public Tensor squeeze(long? dim = null) => dim is { } d ? squeezeDimOp.Call(this, d) : squeezeOp.Call(this);
        public Tensor squeeze_(long? dim = null) => dim is { } d ? squeezeDimInPlaceOp.Apply(this, d) : squeezeInPlaceOp.Apply(this);

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor swapdims(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor t() => tOp.Call(this);

        public Tensor to_dense() => toDenseOp.Call(this);

        public Tensor transpose(long dim0, long dim1) => transposeIntOp.Call(this, dim0, dim1);
        public Tensor transpose_(long dim0, long dim1) => transposeInPlaceOp.Apply(this, dim0, dim1);

        public Tensor unflatten(long dim, Size sizes) => unflatten(dim, sizes.Shape);
        public Tensor unflatten(long dim, params long[] sizes) => unflattenIntOp.Call(this, Flattened(dim, sizes), sizes);

        public Tensor unfold(long dimension, long size, long step) => unfoldOp.Call(this, dimension, size, step);

        public Tensor unsqueeze(long dim) => unsqueezeOp.Call(this, dim);
        public Tensor unsqueeze_(long dim) => unsqueezeInPlaceOp.Apply(this, dim);

        public Tensor view(params long[] shape) => viewOp.Call(this, shape);

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor view_as_complex() => viewAsComplexOp.Call(this);

        public Tensor view_as_real() => viewAsRealOp.Call(this);
    }
}
