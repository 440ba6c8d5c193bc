using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Spread, counts and histograms.
    public partial class Tensor
    {
        static readonly Op bincountOp = new("aten::bincount");
        static readonly Op bucketizeTensorOp = new("aten::bucketize", "Tensor");
        static readonly Op corrcoefOp = new("aten::corrcoef");
        static readonly Op covOp = new("aten::cov");
        static readonly Op histcOp = new("aten::histc");
        static readonly Op stdOp = new("aten::std");
        static readonly Op stdDimOp = new("aten::std", "dim");
        static readonly Op stdMeanOp = new("aten::std_mean");
        static readonly Op stdMeanDimOp = new("aten::std_mean", "dim");
        static readonly Op varOp = new("aten::var");
        static readonly Op varDimOp = new("aten::var", "dim");
        static readonly Op varMeanOp = new("aten::var_mean");
        static readonly Op varMeanDimOp = new("aten::var_mean", "dim");

        public Tensor bincount(Tensor? weights, long minlength = 0) => bincountOp.Call(this, weights, minlength);

        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) => bucketizeTensorOp.Call(this, boundaries, outInt32, right);

        public Tensor corrcoef() => corrcoefOp.Call(this);

        public Tensor cov(long correction = 1, Tensor? fweights = null, Tensor? aweights = null) => covOp.Call(this, correction, fweights, aweights);

        public Tensor histc(long bins = 100, long min = 0, long max = 0) => histcOp.Call(this, bins, min, max);

        public Tensor std(bool unbiased = true) => stdOp.Call(this, unbiased);
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdDimOp.Call(this, (long[])[dim], unbiased, keepdim);
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdDimOp.Call(this, dimensions, unbiased, keepdim);
        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdDimOp.Call(this, dimensions.ToArray(), unbiased, keepdim);
        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdDimOp.Call(this, (long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim);
        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdDimOp.Call(this, (long[])[dim.Item1, dim.Item2], unbiased, keepdim);

        public (Tensor std, Tensor mean) std_mean(bool unbiased = true) => stdMeanOp.Call2(this, unbiased);
        public (Tensor std, Tensor mean) std_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdMeanDimOp.Call2(this, (long[])[dim], unbiased, keepdim);
        public (Tensor std, Tensor mean) std_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdMeanDimOp.Call2(this, dimensions, unbiased, keepdim);
        public (Tensor std, Tensor mean) std_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdMeanDimOp.Call2(this, dimensions.ToArray(), unbiased, keepdim);
        public (Tensor std, Tensor mean) std_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdMeanDimOp.Call2(this, (long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim);
        public (Tensor std, Tensor mean) std_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => stdMeanDimOp.Call2(this, (long[])[dim.Item1, dim.Item2], unbiased, keepdim);

        public Tensor var(bool unbiased = true) => varOp.Call(this, unbiased);
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, (long[])[dim], unbiased, keepdim);
        public Tensor var(long[] dimensions, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, dimensions, true, keepdim);
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, dimensions, unbiased, keepdim);
        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, dimensions.ToArray(), unbiased, keepdim);
        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, (long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim);
        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varDimOp.Call(this, (long[])[dim.Item1, dim.Item2], unbiased, keepdim);

        public (Tensor @var, Tensor mean) var_mean(bool unbiased = true) => varMeanOp.Call2(this, unbiased);
        public (Tensor @var, Tensor mean) var_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varMeanDimOp.Call2(this, (long[])[dim], unbiased, keepdim);
        public (Tensor std, Tensor mean) var_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varMeanDimOp.Call2(this, dimensions, unbiased, keepdim);
        public (Tensor std, Tensor mean) var_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varMeanDimOp.Call2(this, dimensions.ToArray(), unbiased, keepdim);
        public (Tensor @var, Tensor mean) var_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varMeanDimOp.Call2(this, (long[])[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim);
        public (Tensor @var, Tensor mean) var_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => varMeanDimOp.Call2(this, (long[])[dim.Item1, dim.Item2], unbiased, keepdim);
    }
}
