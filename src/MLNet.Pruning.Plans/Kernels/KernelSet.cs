using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>The kernels for one vector width.</summary>
abstract unsafe class KernelSet
{
    /// <summary>The kernels for this machine.</summary>
    public static KernelSet Here { get; } = For(VectorWidths.Here);

    public static KernelSet For(VectorWidth width) => width switch
    {
        VectorWidth.Widest => KernelSet<Vectors512, Vector512<float>>.Instance,
        VectorWidth.Wide => KernelSet<Vectors256, Vector256<float>>.Instance,
        _ => KernelSet<Vectors128, Vector128<float>>.Instance,
    };

    /// <summary>The number of lanes of a vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>The number of columns of a panel of packed weights.</summary>
    public int PanelWidth => 2 * Lanes;

    /// <summary>The outputs of a block of weights for products over rows; a block is skipped if all of its weights are 0.</summary>
    public int BlockWidth => Lanes == 16 ? 16 : PanelWidth;

    /// <summary>The kernels of these vectors' width or less that suit so few lanes: wider vectors would waste the rest.</summary>
    public KernelSet Narrowed(int lanes) => lanes switch
    {
        <= 4 => For(VectorWidth.Portable),
        <= 8 when Lanes > 8 => For(VectorWidth.Wide),
        _ => this,
    };

    /// <summary>The widest kernels here whose vectors divide so many numbers; null if none do.</summary>
    public static KernelSet? Dividing(int count) => count % Here.Lanes == 0 ? Here
        : Here.Lanes > 8 && count % 8 == 0 ? For(VectorWidth.Wide)
        : count % 4 == 0 ? For(VectorWidth.Portable) : null;

    /// <summary>Whether <see cref="AttendFew"/> computes attention among so many tokens.</summary>
    public static bool AreFew(int tokens) => tokens <= FewKeysAttention<Vectors256, Vector256<float>>.MaximumKeys;

    /// <summary>Rounds a number up to whole vectors.</summary>
    public int Padded(int count) => (count + Lanes - 1) / Lanes * Lanes;

    public abstract void Product(in ProductArguments arguments);

    /// <summary>A product over lanes whose inputs stand at offsets, as the taps of an image do.</summary>
    /// <param name="weights">[outputs][inputs]</param>
    /// <param name="outputs">The number of outputs.</param>
    /// <param name="inputs">The number of inputs.</param>
    /// <param name="x">The first lane.</param>
    /// <param name="offsets">Where each input's lanes begin from there.</param>
    /// <param name="lanes">Lanes; whole vectors are computed.</param>
    /// <param name="y">[outputs][stride]; written.</param>
    /// <param name="stride">The distance between outputs, also of the residual.</param>
    /// <param name="bias">One number per output; may be null.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public void ProductOfTaps(float* weights, int outputs, int inputs, float* x, int* offsets, int lanes, float* y, nint stride,
        float* bias, float* residual = null) => Product(new()
        {
            A = weights,
            RowStride = inputs,
            DepthStride = 1,
            Rows = outputs,
            Columns = lanes,
            Depth = inputs,
            B = x,
            Offsets = offsets,
            PanelStride = PanelWidth,
            C = y,
            CStride = stride,
            RowBias = bias,
            Residual = residual,
        });

    /// <summary>A few outputs of rows, as dot products.</summary>
    public abstract void DotProducts(float* x, int rows, nint xStride, float* weights, float* bias, int outputs, int inputs, float* y,
        nint yStride, float* residual);

    public abstract void SparseLanes(in SparseArguments matrix, float* x, int lanes, float* y, nint stride, float* residual);

    /// <summary>The gradient of active weights; see <see cref="SampledProduct{TVectors,TVector}"/>.</summary>
    public abstract void SampledLanes(
        in SparseArguments matrix, int* counts, int* begins, float* dy, float* x, int lanes, nint stride, float* sums);

    public void SparseRow(SparseMatrix matrix, int* places, float* x, float* y) =>
        Kernels.SparseRow.Multiply(matrix, places, x, y, Lanes > 4 && Avx2.IsSupported);

    /// <summary>The number of inputs from which a shuffle picks; 0 if there is no <see cref="Shuffle"/>.</summary>
    public abstract int Window { get; }

    /// <summary>The sparse product of a few rows of finite numbers; see <see cref="ShuffleProduct{TVectors,TVector}"/>.</summary>
    public abstract void Shuffle(ShuffleMatrix matrix, float* x, int rows, nint xStride, float* y, nint yStride, float* residual);

    public void Activate(Activation activation, float* values, nint count) => Activate(activation, values, values, count);

    /// <summary>y = f(x), where y may be x.</summary>
    public void Activate(Activation activation, float* x, float* y, nint count) => Apply(activation switch
    {
        Activation.Relu => GraphOperation.Relu,
        Activation.LeakyRelu => GraphOperation.LeakyRelu,
        Activation.Gelu => GraphOperation.Gelu,
        Activation.Silu => GraphOperation.Silu,
        Activation.Tanh => GraphOperation.Tanh,
        Activation.Sigmoid => GraphOperation.Sigmoid,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    }, 0.01f, x, y, count);

    /// <summary>y = f(x), where y may be x.</summary>
    public abstract void Apply(GraphOperation function, float coefficient, float* x, float* y, nint count);

    /// <summary>y = a + b</summary>
    public abstract void Add(float* a, float* b, float* y, nint count);

    /// <summary>y = a * b</summary>
    public abstract void Multiply(float* a, float* b, float* y, nint count);

    /// <summary>y = max(a, b); b if one is NaN.</summary>
    public abstract void Max(float* a, float* b, float* y, nint count);

    /// <summary>y = x * scale + shift</summary>
    public abstract void Scale(float* x, float scale, float shift, float* y, nint count);

    /// <summary>y = x * scale + shift, number by number.</summary>
    public void Scale(float* x, float* scale, float* shift, float* y, nint count)
    {
        Multiply(x, scale, y, count);
        Add(y, shift, y, count);
    }

    /// <summary>Layer norm; see <see cref="Normalization{TVectors,TVector}.Rows"/>.</summary>
    public abstract void NormalizeRows(
        float* x, int tokens, int width, nint stride, float* y, float epsilon, float* factors = null);

    /// <summary>Normalizes tokens in rows, with the same sums as <see cref="NormalizeLanes"/>.</summary>
    public abstract void NormalizeRowsAsLanes(float* x, int tokens, int width, nint stride, float* y, float epsilon);

    /// <summary>Its gradient; see <see cref="NormGradient{TVectors,TVector}.Rows"/>.</summary>
    public abstract void NormalizeRowsBack(float* y, float* factors, float* gradient, int tokens, int width, nint stride, float* result);

    /// <summary>Adds the rows of x to the sums; whole vectors are read and written.</summary>
    public abstract void AddRows(float* x, int rows, int width, nint stride, float* sums);

    /// <summary>Whether the gradient of an activation is computed from its input; otherwise from what it gave.</summary>
    public static bool KeepsInput(Activation activation) => activation is Activation.Gelu or Activation.Silu;

    /// <summary>Multiplies a gradient with an activation's derivative; see <see cref="ActivationGradient{TVectors,TVector}"/>.</summary>
    public abstract void ActivateBack(Activation activation, float* kept, float* gradient, nint count);

    /// <summary>
    /// y = f(x), and where <see cref="KeepsInput"/> says so, x = f'(x), for <see cref="ActivateBehind"/>; otherwise y may be x.
    /// </summary>
    public void ActivateAhead(Activation activation, float* x, float* y, nint count)
    {
        if (KeepsInput(activation))
            KeepDerivative(activation, x, y, count);
        else
            Activate(activation, x, y, count);
    }

    /// <summary>Multiplies a gradient with an activation's derivative.</summary>
    /// <param name="activation">The activation.</param>
    /// <param name="kept">What <see cref="ActivateAhead"/> left in x if it keeps the derivative there, otherwise y.</param>
    /// <param name="gradient">Of y; becomes that of x.</param>
    /// <param name="count">The number of values, whole vectors.</param>
    public void ActivateBehind(Activation activation, float* kept, float* gradient, nint count)
    {
        if (KeepsInput(activation))
            Multiply(kept, gradient, gradient, count);
        else
            ActivateBack(activation, kept, gradient, count);
    }

    /// <summary>See <see cref="ActivationGradient{TVectors,TVector}.Ahead"/>.</summary>
    protected abstract void KeepDerivative(Activation activation, float* x, float* y, nint count);

    /// <summary>Layer norm over lanes; see <see cref="Normalization{TVectors,TVector}.Lanes"/>.</summary>
    public abstract void NormalizeLanes(
        float* x, int lanes, int width, nint stride, float* y, float epsilon, float* factors = null);

    /// <summary>Its gradient; see <see cref="NormGradient{TVectors,TVector}.Lanes"/>.</summary>
    public abstract void NormalizeLanesBack(float* y, float* factors, float* gradient, int lanes, int width, nint stride, float* result);

    /// <summary>Adds the sum over the lanes of each of x's values; whole vectors are read.</summary>
    public abstract void AddLanes(float* x, int lanes, int width, nint stride, float* sums);

    public abstract void SoftmaxLanes(float* x, int count, int lanes, nint stride);

    /// <summary>One head over a few tokens; see <see cref="FewKeysAttention{TVectors,TVector}"/>.</summary>
    public abstract void AttendFew(
        float* queries, nint lanes, float* keys, float* values, nint valueStep, nint tokenStep, float* logSizes, int tokens,
        int headSize, float* mixed);

    /// <summary>Attention for training; see <see cref="Attention{TVectors,TVector}.Forward"/>.</summary>
    public abstract void Attend(float* qkv, float* added, AttentionSizes n, float* room, float* mixed, float* kept);

    /// <summary>The same over lanes; see <see cref="LaneAttention{TVectors,TVector}"/>.</summary>
    public abstract void AttendLanes(float* qkv, float* added, AttentionSizes n, float* mixed, float* weights);

    /// <summary>Its gradient.</summary>
    public abstract void AttendLanesBack(float* qkv, float* weights, AttentionSizes n, float* room, float* gradient, float* result);

    /// <summary>The numbers that <see cref="AttendLanesBack"/> needs room for.</summary>
    public abstract long LaneRoom(AttentionSizes n);

    /// <summary>Its gradient; see <see cref="Attention{TVectors,TVector}.Backward"/>.</summary>
    public abstract void AttendBack(
        float* qkv, float* added, float* kept, AttentionSizes n, float* room, float* gradient, float* result);

    /// <summary>The gradient of a convolution's weights; see <see cref="PlaneDots{TVectors,TVector}.Add"/>.</summary>
    public abstract void AddPlaneDots(
        float* dy, int outputs, nint stride, float* x, int* offsets, int terms, int pixels, float* sums);

    /// <summary>Adds each of these sums to a number, and empties it.</summary>
    public abstract void TakeDots(float* sums, long count, float* to);

    public abstract void SoftmaxRows(float* x, int rows, int count, nint stride);

    public abstract float ReconstructionLoss(float* logits, float* targets, int count);

    /// <summary>Adds factor * x to y.</summary>
    public abstract void AddScaled(float* x, float factor, float* y, int count);

    /// <summary>Whether a row contains NaN.</summary>
    public abstract bool HasNaN(float* values, int count);

    /// <summary>Whether all numbers of some rows are finite.</summary>
    public abstract bool AreFinite(float* values, int rows, int count, nint stride);
}

sealed unsafe class KernelSet<TVectors, TVector> : KernelSet
    where TVectors : struct, IVectors<TVector>
{
    public static KernelSet<TVectors, TVector> Instance { get; } = new();

    public override int Lanes => TVectors.Count;

    public override void Product(in ProductArguments arguments) => DenseProduct<TVectors, TVector>.Multiply(arguments);

    public override void DotProducts(float* x, int rows, nint xStride, float* weights, float* bias, int outputs, int inputs, float* y,
        nint yStride, float* residual) =>
        DotProduct<TVectors, TVector>.Multiply(x, rows, xStride, weights, bias, outputs, inputs, y, yStride, residual);

    public override void SparseLanes(in SparseArguments matrix, float* x, int lanes, float* y, nint stride, float* residual) =>
        SparseProduct<TVectors, TVector>.Multiply(matrix, x, lanes, y, stride, residual);

    public override void SampledLanes(
        in SparseArguments matrix, int* counts, int* begins, float* dy, float* x, int lanes, nint stride, float* sums) =>
        SampledProduct<TVectors, TVector>.Add(matrix, counts, begins, dy, x, lanes, stride, sums);

    public override int Window => TVectors.Window;

    public override void Shuffle(ShuffleMatrix matrix, float* x, int rows, nint xStride, float* y, nint yStride, float* residual) =>
        ShuffleProduct<TVectors, TVector>.Multiply(matrix, x, rows, xStride, y, yStride, residual);

    public override void Apply(GraphOperation function, float coefficient, float* x, float* y, nint count) =>
        Elementwise<TVectors, TVector>.Apply(function, coefficient, x, y, count);

    public override void Add(float* a, float* b, float* y, nint count) =>
        Elementwise<TVectors, TVector>.Both<Elementwise<TVectors, TVector>.Sum>(a, b, y, count);

    public override void Multiply(float* a, float* b, float* y, nint count) =>
        Elementwise<TVectors, TVector>.Both<Elementwise<TVectors, TVector>.Product>(a, b, y, count);

    public override void Max(float* a, float* b, float* y, nint count) =>
        Elementwise<TVectors, TVector>.Both<Elementwise<TVectors, TVector>.Larger>(a, b, y, count);

    public override void Scale(float* x, float scale, float shift, float* y, nint count) =>
        Elementwise<TVectors, TVector>.Each<Elementwise<TVectors, TVector>.Scaled>(x, y, count, scale, shift);

    public override void NormalizeRows(
        float* x, int tokens, int width, nint stride, float* y, float epsilon, float* factors = null) =>
        Normalization<TVectors, TVector>.Rows(x, tokens, width, stride, y, epsilon, factors);

    public override void NormalizeRowsAsLanes(float* x, int tokens, int width, nint stride, float* y, float epsilon) =>
        Normalization<TVectors, TVector>.RowsAsLanes(x, tokens, width, stride, y, epsilon);

    public override void NormalizeRowsBack(
        float* y, float* factors, float* gradient, int tokens, int width, nint stride, float* result) =>
        NormGradient<TVectors, TVector>.Rows(y, factors, gradient, tokens, width, stride, result);

    public override void AddRows(float* x, int rows, int width, nint stride, float* sums) =>
        NormGradient<TVectors, TVector>.AddRows(x, rows, width, stride, sums);

    public override void ActivateBack(Activation activation, float* kept, float* gradient, nint count) =>
        ActivationGradient<TVectors, TVector>.Apply(activation, kept, gradient, count);

    protected override void KeepDerivative(Activation activation, float* x, float* y, nint count) =>
        ActivationGradient<TVectors, TVector>.Ahead(activation, x, y, count);

    public override void NormalizeLanes(
        float* x, int lanes, int width, nint stride, float* y, float epsilon, float* factors = null) =>
        Normalization<TVectors, TVector>.Lanes(x, lanes, width, stride, y, epsilon, factors);

    public override void NormalizeLanesBack(
        float* y, float* factors, float* gradient, int lanes, int width, nint stride, float* result) =>
        NormGradient<TVectors, TVector>.Lanes(y, factors, gradient, lanes, width, stride, result);

    public override void AddLanes(float* x, int lanes, int width, nint stride, float* sums) =>
        NormGradient<TVectors, TVector>.AddLanes(x, lanes, width, stride, sums);

    public override void SoftmaxLanes(float* x, int count, int lanes, nint stride) =>
        Softmax<TVectors, TVector>.Lanes(x, count, lanes, stride);

    public override void AttendFew(
        float* queries, nint lanes, float* keys, float* values, nint valueStep, nint tokenStep, float* logSizes, int tokens,
        int headSize, float* mixed) =>
        FewKeysAttention<TVectors, TVector>.Compute(queries, lanes, keys, values, valueStep, tokenStep, logSizes, tokens, headSize, mixed);

    public override void AttendLanes(float* qkv, float* added, AttentionSizes n, float* mixed, float* weights) =>
        LaneAttention<TVectors, TVector>.Forward(qkv, added, n, mixed, weights);

    public override void AttendLanesBack(
        float* qkv, float* weights, AttentionSizes n, float* room, float* gradient, float* result) =>
        LaneAttention<TVectors, TVector>.Backward(qkv, weights, n, room, gradient, result);

    public override long LaneRoom(AttentionSizes n) => LaneAttention<TVectors, TVector>.Room(n);

    public override void Attend(float* qkv, float* added, AttentionSizes n, float* room, float* mixed, float* kept) =>
        Attention<TVectors, TVector>.Forward(qkv, added, n, room, mixed, kept);

    public override void AttendBack(
        float* qkv, float* added, float* kept, AttentionSizes n, float* room, float* gradient, float* result) =>
        Attention<TVectors, TVector>.Backward(qkv, added, kept, n, room, gradient, result);

    public override void AddPlaneDots(
        float* dy, int outputs, nint stride, float* x, int* offsets, int terms, int pixels, float* sums) =>
        PlaneDots<TVectors, TVector>.Add(dy, outputs, stride, x, offsets, terms, pixels, sums);

    public override void TakeDots(float* sums, long count, float* to) => PlaneDots<TVectors, TVector>.Take(sums, count, to);

    public override void SoftmaxRows(float* x, int rows, int count, nint stride) =>
        Softmax<TVectors, TVector>.Rows(x, rows, count, stride);

    public override float ReconstructionLoss(float* logits, float* targets, int count) =>
        Kernels.ReconstructionLoss<TVectors, TVector>.Sum(logits, targets, count);

    public override void AddScaled(float* x, float factor, float* y, int count)
    {
        var scale = TVectors.Create(factor);
        int i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
            TVectors.Store(TVectors.MultiplyAdd(TVectors.Load(x + i), scale, TVectors.Load(y + i)), y + i);
        for (; i < count; i++)
            y[i] = Vectors128.MultiplyAdd(Vectors128.Create(x[i]), Vectors128.Create(factor), Vectors128.Create(y[i])).GetElement(0);
    }

    public override bool HasNaN(float* values, int count)
    {
        int i = 0;
        for (; i <= count - TVectors.Count; i += TVectors.Count)
        {
            if (TVectors.HasNaN(TVectors.Load(values + i)))
                return true;
        }
        for (; i < count; i++)
        {
            if (float.IsNaN(values[i]))
                return true;
        }
        return false;
    }

    public override bool AreFinite(float* values, int rows, int count, nint stride)
    {
        // x - x is NaN if x is not finite.
        var sum = TVectors.Zero;
        float rest = 0;
        for (int row = 0; row < rows; row++, values += stride)
        {
            int i = 0;
            for (; i <= count - TVectors.Count; i += TVectors.Count)
            {
                var x = TVectors.Load(values + i);
                sum = TVectors.Add(sum, TVectors.Subtract(x, x));
            }
            for (; i < count; i++)
                rest += values[i] - values[i];
        }
        return !TVectors.HasNaN(sum) && !float.IsNaN(rest);
    }
}

/// <summary>The vector widths of the kernels.</summary>
enum VectorWidth
{
    /// <summary>128 bits: SSE, NEON, or computed by .NET without hardware support.</summary>
    Portable,

    /// <summary>256 bits: AVX2.</summary>
    Wide,

    /// <summary>512 bits: AVX-512.</summary>
    Widest,
}

static class VectorWidths
{
    /// <summary>The widest vectors that this machine computes in hardware.</summary>
    public static VectorWidth Here { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Widest : Vector256.IsHardwareAccelerated ? VectorWidth.Wide : VectorWidth.Portable;
}
