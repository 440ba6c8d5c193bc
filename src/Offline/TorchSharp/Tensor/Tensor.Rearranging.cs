using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Elements in another order, repeated, or put on a diagonal.
    public partial class Tensor
    {
        static readonly Op channelShuffleOp = new("aten::channel_shuffle");
        static readonly Op diagOp = new("aten::diag");
        static readonly Op diagEmbedOp = new("aten::diag_embed");
        static readonly Op diagflatOp = new("aten::diagflat");
        static readonly Op diagonalScatterOp = new("aten::diagonal_scatter");
        static readonly Op flipOp = new("aten::flip");
        static readonly Op fliplrOp = new("aten::fliplr");
        static readonly Op flipudOp = new("aten::flipud");
        static readonly Op repeatOp = new("aten::repeat");
        static readonly Op repeatInterleaveSelfIntOp = new("aten::repeat_interleave", "self_int");
        static readonly Op repeatInterleaveSelfTensorOp = new("aten::repeat_interleave", "self_Tensor");
        static readonly Op rollOp = new("aten::roll");
        static readonly Op rot90Op = new("aten::rot90");
        static readonly Op selectScatterOp = new("aten::select_scatter");
        static readonly Op sliceScatterOp = new("aten::slice_scatter");
        static readonly Op tileOp = new("aten::tile");
        static readonly Op trilOp = new("aten::tril");
        static readonly Op trilInPlaceOp = new("aten::tril_");
        static readonly Op triuOp = new("aten::triu");
        static readonly Op triuInPlaceOp = new("aten::triu_");
        static readonly Op vanderOp = new("aten::vander");

        public Tensor channel_shuffle(long groups) => channelShuffleOp.Call(this, groups);

        public Tensor diag(long diagonal = 0) => diagOp.Call(this, diagonal);

        public Tensor diag_embed(long offset = 0, long dim1 = -2, long dim2 = -1) => diagEmbedOp.Call(this, offset, dim1, dim2);

        public Tensor diagflat(long offset = 0) => diagflatOp.Call(this, offset);

        public Tensor diagonal_scatter(Tensor src, long offset = 0, long dim1 = 0, long dim2 = 1) => diagonalScatterOp.Call(this, src, offset, dim1, dim2);

        public Tensor flip(params long[] dims) => flipOp.Call(this, dims);

        public Tensor fliplr() => fliplrOp.Call(this);

        public Tensor flipud() => flipudOp.Call(this);

        public Tensor repeat(params long[] sizes) => repeatOp.Call(this, sizes);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) => repeatInterleaveSelfIntOp.Call(this, repeats, dim, output_size);
        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) => repeatInterleaveSelfTensorOp.Call(this, repeats, dim, output_size);

        public Tensor roll(long shifts, long? dims = null) => rollOp.Call(this, (long[])[shifts], dims is { } d ? (long[])[d] : (long[])[]);
        public Tensor roll(long[] shifts) => rollOp.Call(this, shifts, (long[])[0]);
        public Tensor roll(long[] shifts, long[] dims) => rollOp.Call(this, shifts, dims);
        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => rollOp.Call(this, shifts.ToArray(), dims.ToArray());
        public Tensor roll((long, long, long) shifts, (long, long, long) dims) => rollOp.Call(this, (long[])[shifts.Item1, shifts.Item2, shifts.Item3], (long[])[dims.Item1, dims.Item2, dims.Item3]);
        public Tensor roll((long, long) shifts, (long, long) dims) => rollOp.Call(this, (long[])[shifts.Item1, shifts.Item2], (long[])[dims.Item1, dims.Item2]);

        public Tensor rot90(long k = 1, (long, long)? dims = null) => rot90Op.Call(this, k, dims is { } d ? (long[])[d.Item1, d.Item2] : (long[])[0, 1]);

        public Tensor select_scatter(Tensor src, long dim, long index) => selectScatterOp.Call(this, src, dim, index);

        public Tensor slice_scatter(Tensor src, long dim = 0, long? start = null, long? end = null, long step = 1) => sliceScatterOp.Call(this, src, dim, start, end, step);

        public Tensor tile(long[] reps) => tileOp.Call(this, reps);

        public Tensor tril(long diagonal = 0) => trilOp.Call(this, diagonal);
        public Tensor tril_(long diagonal = 0) => trilInPlaceOp.Apply(this, diagonal);

        public Tensor triu(long diagonal = 0) => triuOp.Call(this, diagonal);
        public Tensor triu_(long diagonal = 0) => triuInPlaceOp.Apply(this, diagonal);

        public Tensor vander(long N = -1, bool increasing = false) => Dimensions == 1 ? vanderOp.Call(this, N == -1 ? size(0) : N, increasing) : throw new InvalidOperationException("Input argument for 'vander()' must be 1-D.");

        public static Tensor block_diag(params Tensor[] tensors) => torch.block_diag(tensors);
    }
}
