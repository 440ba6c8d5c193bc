using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Sums, extremes and other reductions.
    public partial class Tensor
    {
        static readonly Op allOp = new("aten::all");
        static readonly Op allDimOp = new("aten::all", "dim");
        static readonly Op amaxOp = new("aten::amax");
        static readonly Op amaxOutOp = new("aten::amax", "out");
        static readonly Op aminOp = new("aten::amin");
        static readonly Op aminOutOp = new("aten::amin", "out");
        static readonly Op aminmaxOp = new("aten::aminmax");
        static readonly Op anyOp = new("aten::any");
        static readonly Op anyDimOp = new("aten::any", "dim");
        static readonly Op argmaxOp = new("aten::argmax");
        static readonly Op argminOp = new("aten::argmin");
        static readonly Op countNonzeroOp = new("aten::count_nonzero");
        static readonly Op countNonzeroDimIntListOp = new("aten::count_nonzero", "dim_IntList");
        static readonly Op cummaxOp = new("aten::cummax");
        static readonly Op cumminOp = new("aten::cummin");
        static readonly Op cumprodOp = new("aten::cumprod");
        static readonly Op cumsumOp = new("aten::cumsum");
        static readonly Op cumulativeTrapezoidDxOp = new("aten::cumulative_trapezoid", "dx");
        static readonly Op cumulativeTrapezoidXOp = new("aten::cumulative_trapezoid", "x");
        static readonly Op diffOp = new("aten::diff");
        static readonly Op distOp = new("aten::dist");
        static readonly Op maxOp = new("aten::max");
        static readonly Op maxDimOp = new("aten::max", "dim");
        static readonly Op maxOtherOp = new("aten::max", "other");
        static readonly Op meanOp = new("aten::mean");
        static readonly Op meanDimOp = new("aten::mean", "dim");
        static readonly Op medianOp = new("aten::median");
        static readonly Op minOp = new("aten::min");
        static readonly Op minDimOp = new("aten::min", "dim");
        static readonly Op minOtherOp = new("aten::min", "other");
        static readonly Op modeOp = new("aten::mode");
        static readonly Op nanmeanOp = new("aten::nanmean");
        static readonly Op nanmedianOp = new("aten::nanmedian");
        static readonly Op nanquantileOp = new("aten::nanquantile");
        static readonly Op nansumOp = new("aten::nansum");
        static readonly Op normScalarOptDimOp = new("aten::norm", "ScalarOpt_dim");
        static readonly Op normScalarOp = new("aten::norm", "Scalar");
        static readonly Op prodDimIntOp = new("aten::prod", "dim_int");
        static readonly Op prodOp = new("aten::prod");
        static readonly Op quantileOp = new("aten::quantile");
        static readonly Op renormOp = new("aten::renorm");
        static readonly Op sumDimIntListOp = new("aten::sum", "dim_IntList");
        static readonly Op sumOp = new("aten::sum");
        static readonly Op trapezoidDxOp = new("aten::trapezoid", "dx");
        static readonly Op trapezoidXOp = new("aten::trapezoid", "x");

        public Tensor all() => allOp.Call(this);
        public Tensor all(long dim, bool keepdim = false) => allDimOp.Call(this, dim, keepdim);

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => amax((ReadOnlySpan<long>)dims, keepdim, @out);
        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => @out is null ? amaxOp.Call(this, dims.ToArray(), keepdim) : amaxOutOp.Call(this, dims.ToArray(), keepdim, @out);
        public Tensor amax(params long[] dims) => amaxOp.Call(this, dims);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => amin((ReadOnlySpan<long>)dims, keepdim, @out);
        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => @out is null ? aminOp.Call(this, dims.ToArray(), keepdim) : aminOutOp.Call(this, dims.ToArray(), keepdim, @out);
        public Tensor amin(params long[] dims) => aminOp.Call(this, dims);

        public (Tensor min, Tensor max) aminmax(long? dim = null, bool keepdim = false) => aminmaxOp.Call2(this, dim, keepdim);

        public Tensor any() => anyOp.Call(this);
        public Tensor any(long dim, bool keepdim = false) => anyDimOp.Call(this, dim, keepdim);

        public Tensor argmax() => argmaxOp.Call(this);
        public Tensor argmax(long dim, bool keepdim = false) => argmaxOp.Call(this, dim, keepdim);

        public Tensor argmin() => argminOp.Call(this);
        public Tensor argmin(long dim, bool keepdim = false) => argminOp.Call(this, dim, keepdim);

        public Tensor count_nonzero(long[]? dims = null) => dims is null ? countNonzeroOp.Call(this) : countNonzeroDimIntListOp.Call(this, dims);

        public (Tensor values, Tensor indexes) cummax(long dim) => cummaxOp.Call2(this, dim);

        public (Tensor values, Tensor indexes) cummin(long dim) => cumminOp.Call2(this, dim);

        public Tensor cumprod(long dim, ScalarType? type = null) => cumprodOp.Call(this, dim, type);

        public Tensor cumsum(long dim, ScalarType? type = null) => cumsumOp.Call(this, dim, type);

        public Tensor cumulative_trapezoid(double dx = 1, long dim = -1) => cumulativeTrapezoidDxOp.Call(this, dx, dim);
        public Tensor cumulative_trapezoid(Tensor x, long dim = -1) => cumulativeTrapezoidXOp.Call(this, x, dim);

        public Tensor diff(long n = 1, long dim = -1, Tensor? prepend = null, Tensor? append = null) => diffOp.Call(this, n, dim, prepend, append);

        public Tensor dist(Tensor other, float p = 2) => distOp.Call(this, other, p);

        public Tensor max() => maxOp.Call(this);
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => maxDimOp.Call2(this, dim, keepdim);
        public Tensor max(Tensor other) => maxOtherOp.Call(this, other);

        public Tensor mean() => meanOp.Call(this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => meanDimOp.Call(this, dimensions, keepdim, type);

        public Tensor median() => medianOp.Call(this);

        public Tensor min() => minOp.Call(this);
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => minDimOp.Call2(this, dim, keepdim);
        public Tensor min(Tensor other) => minOtherOp.Call(this, other);

        public (Tensor values, Tensor indices) mode(long dim = -1, bool keepdim = false) => modeOp.Call2(this, dim, keepdim);

        public Tensor nanmean(int? dim = null, bool keepdim = false, ScalarType? dtype = null) => nanmeanOp.Call(this, dim is { } d ? (long[])[d] : null, keepdim, dtype);

        public Tensor nanmedian() => nanmedianOp.Call(this);

        public Tensor nanquantile(Tensor q, long dim = -1, bool keepdim = false) => nanquantileOp.Call(this, q, dim == -1 ? default(Arg) : dim, keepdim);

        public Tensor nansum() => nansumOp.Call(this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => normScalarOptDimOp.Call(this, p, (long[])[dim], keepdim);
        public Tensor norm(float p = 2) => normScalarOp.Call(this, p);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => prodDimIntOp.Call(this, dim, keepdim, type);
        public Tensor prod(ScalarType? type = null) => prodOp.Call(this, type);

        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => quantileOp.Call(this, q, dim == -1 ? default(Arg) : dim, keepdim);

        public Tensor renorm(float p, long dim, float maxnorm) => renormOp.Call(this, p, dim, maxnorm);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sumDimIntListOp.Call(this, (long[])[dim], keepdim, type);
        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sumDimIntListOp.Call(this, (long[])[dim0, dim1], keepdim, type);
        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sumDimIntListOp.Call(this, (long[])[dim0, dim1, dim2], keepdim, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sumDimIntListOp.Call(this, dim, keepdim, type);
        public Tensor sum(ScalarType? type = null) => sumOp.Call(this, type);
        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => sumDimIntListOp.Call(this, dim.ToArray(), keepdim, type);

        public Tensor trapezoid(double dx = 1, long dim = -1) => trapezoidDxOp.Call(this, dx, dim);
        public Tensor trapezoid(Tensor x, long dim = -1) => trapezoidXOp.Call(this, x, dim);
    }
}
