using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // One tensor into several.
    public partial class Tensor
    {
        static readonly Op chunkOp = new("aten::chunk");
        static readonly Op dsplitIntOp = new("aten::dsplit", "int");
        static readonly Op dsplitArrayOp = new("aten::dsplit", "array");
        static readonly Op hsplitIntOp = new("aten::hsplit", "int");
        static readonly Op hsplitArrayOp = new("aten::hsplit", "array");
        static readonly Op splitTensorOp = new("aten::split", "Tensor");
        static readonly Op splitWithSizesOp = new("aten::split_with_sizes");
        static readonly Op tensorSplitSectionsOp = new("aten::tensor_split", "sections");
        static readonly Op tensorSplitIndicesOp = new("aten::tensor_split", "indices");
        static readonly Op tensorSplitTensorIndicesOrSectionsOp = new("aten::tensor_split", "tensor_indices_or_sections");
        static readonly Op unbindIntOp = new("aten::unbind", "int");
        static readonly Op vsplitIntOp = new("aten::vsplit", "int");
        static readonly Op vsplitArrayOp = new("aten::vsplit", "array");

        public Tensor[] chunk(long chunks, long dim = 0) => chunkOp.CallMany(this, chunks, dim);

        public Tensor[] dsplit(long size) => dsplitIntOp.CallMany(this, Divides(2, size, "third"));
        public Tensor[] dsplit((long, long, long, long) indices_or_sections) => dsplit([indices_or_sections.Item1, indices_or_sections.Item2, indices_or_sections.Item3, indices_or_sections.Item4]);
        public Tensor[] dsplit((long, long, long) indices_or_sections) => dsplit([indices_or_sections.Item1, indices_or_sections.Item2, indices_or_sections.Item3]);
        public Tensor[] dsplit((long, long) indices_or_sections) => dsplit([indices_or_sections.Item1, indices_or_sections.Item2]);
        public Tensor[] dsplit(Tensor indices) => tensor_split(indices, 2);
        public Tensor[] dsplit(params long[] sizes) => dsplitArrayOp.CallMany(this, sizes);

        public Tensor[] hsplit(long size) => hsplitIntOp.CallMany(this, Divides(1, size, "second"));
        public Tensor[] hsplit(Tensor indices) => tensor_split(indices, 1);
        public Tensor[] hsplit(params long[] sizes) => hsplitArrayOp.CallMany(this, sizes);

        public Tensor[] split(long size, int dim = 0) => splitTensorOp.CallMany(this, size, dim);
        public Tensor[] split(long[] sizes, long dim = 0) => splitWithSizesOp.CallMany(this, sizes, dim);
        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => splitWithSizesOp.CallMany(this, sizes.ToArray(), dim);
        public Tensor[] split(params long[] sizes) => splitWithSizesOp.CallMany(this, sizes, 0);

        public Tensor[] tensor_split(long size, long dim = 0) => tensorSplitSectionsOp.CallMany(this, size, dim);
        public Tensor[] tensor_split(long[] sizes, long dim = 0) => tensorSplitIndicesOp.CallMany(this, sizes, dim);
        public Tensor[] tensor_split(Tensor indices, long dim = 0) => indices.dtype == ScalarType.Int64 ? tensorSplitTensorIndicesOrSectionsOp.CallMany(this, indices, dim) : throw new ArgumentException("The indices of 'tensor_split' must be of type Int64.");

        public Tensor[] unbind(long dimension = 0) => unbindIntOp.CallMany(this, dimension);

        public Tensor[] vsplit(long size) => vsplitIntOp.CallMany(this, Divides(0, size, "first"));
        public Tensor[] vsplit(Tensor indices) => tensor_split(indices, 0);
        public Tensor[] vsplit(params long[] sizes) => vsplitArrayOp.CallMany(this, sizes);
    }
}
