using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Models;

/// <summary>Attention among a few tokens, forward and backward, an image and a head at a time.</summary>
/// <remarks>
/// Logits of one head stay in the caches. Queries, keys and values are read from the output of one linear layer, where they lie side by
/// side: nothing is permuted or copied. LibTorch's fused operator is made for thousands of tokens, and takes about twice as long for 49.
/// Weights are not stored: backward computes them again, from the logarithm of each query's sum of exponentials.
/// </remarks>
static unsafe class AttentionKernel
{
    /// <summary>A head's size must be a multiple of this.</summary>
    public const int Lanes = 16;

    const int RowsOfTile = 8;

    [ThreadStatic]
    static float[]? scratch;

    /// <summary>The sizes of a batch.</summary>
    /// <param name="Images">B</param>
    /// <param name="Tokens">N</param>
    /// <param name="Heads">H</param>
    /// <param name="HeadSize">S, a multiple of <see cref="Lanes"/>.</param>
    public readonly record struct Sizes(int Images, int Tokens, int Heads, int HeadSize)
    {
        public int Width => Heads * HeadSize;

        /// <summary>Tokens, rounded up to whole vectors.</summary>
        public int Padded => (Tokens + Lanes - 1) / Lanes * Lanes;

        public float Scale => 1 / MathF.Sqrt(HeadSize);
    }

    /// <param name="qkv">[B, N, 3, H, S]: queries, keys and values.</param>
    /// <param name="added">[B, N]: added to the logits of each key; null for none.</param>
    /// <param name="n">The sizes.</param>
    /// <param name="mixed">[B, N, H, S]; written.</param>
    /// <param name="logSums">[B, H, padded N]; written: for each query, the logarithm of the sum over keys of e^logit.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* qkv, float* added, Sizes n, float* mixed, float* logSums)
    {
        var (row, padded) = (3 * n.Width, n.Padded);
        fixed (float* start = Scratch((n.HeadSize + n.Tokens) * padded))
        {
            float* queries = Aligned(start), logits = queries + n.HeadSize * padded;
            for (var image = 0; image < n.Images; image++, qkv += n.Tokens * row, mixed += n.Tokens * n.Width)
            {
                for (var head = 0; head < n.Heads; head++, logSums += padded)
                {
                    float* q = qkv + head * n.HeadSize, k = q + n.Width, v = k + n.Width;
                    Transpose(q, row, n.Tokens, n.HeadSize, queries, padded);
                    Product(k, row, 1, queries, padded, logits, padded, n.Tokens, n.HeadSize, padded);
                    Softmax(logits, added == null ? null : added + image * n.Tokens, n.Scale, n.Tokens, padded, logSums);
                    Product(logits, 1, padded, v, row, mixed + head * n.HeadSize, n.Width, n.Tokens, n.Tokens, n.HeadSize);
                }
            }
        }
    }

    /// <param name="qkv">The input of the forward pass.</param>
    /// <param name="added">As in the forward pass.</param>
    /// <param name="logSums">The output of the forward pass.</param>
    /// <param name="n">The sizes.</param>
    /// <param name="gradient">[B, N, H, S]: the gradient of the mixed values.</param>
    /// <param name="result">[B, N, 3, H, S]; written: the gradient of queries, keys and values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* qkv, float* added, float* logSums, Sizes n, float* gradient, float* result)
    {
        var (row, padded) = (3 * n.Width, n.Padded);
        fixed (float* start = Scratch((2 * n.HeadSize + 2 * n.Tokens) * padded))
        {
            float* queries = Aligned(start), gradients = queries + n.HeadSize * padded;
            float* weights = gradients + n.HeadSize * padded, weightGradients = weights + n.Tokens * padded;
            for (var image = 0; image < n.Images; image++, qkv += n.Tokens * row, result += n.Tokens * row, gradient += n.Tokens * n.Width)
            {
                for (var head = 0; head < n.Heads; head++, logSums += padded)
                {
                    float* q = qkv + head * n.HeadSize, k = q + n.Width, v = k + n.Width, g = gradient + head * n.HeadSize;
                    float* dq = result + head * n.HeadSize, dk = dq + n.Width, dv = dk + n.Width;
                    Transpose(q, row, n.Tokens, n.HeadSize, queries, padded);
                    Transpose(g, n.Width, n.Tokens, n.HeadSize, gradients, padded);
                    Product(k, row, 1, queries, padded, weights, padded, n.Tokens, n.HeadSize, padded);
                    Product(v, row, 1, gradients, padded, weightGradients, padded, n.Tokens, n.HeadSize, padded);
                    OfLogits(weights, weightGradients, added == null ? null : added + image * n.Tokens, n.Scale, n.Tokens, padded, logSums);
                    Product(weights, padded, 1, g, n.Width, dv, row, n.Tokens, n.Tokens, n.HeadSize);
                    Product(weightGradients, 1, padded, k, row, dq, row, n.Tokens, n.Tokens, n.HeadSize);
                    Product(weightGradients, padded, 1, q, row, dk, row, n.Tokens, n.Tokens, n.HeadSize);
                }
            }
        }
    }

    /// <summary>Turns logits, [keys][queries], into weights in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Softmax(float* logits, float* added, float scale, int keys, int padded, float* logSums)
    {
        for (var lane = 0; lane < padded; lane += Lanes, logits += Lanes)
        {
            var largest = Vector512.Create(float.NegativeInfinity);
            var at = logits;
            for (var key = 0; key < keys; key++, at += padded)
            {
                var bias = Vector512.Create(added == null ? 0 : added[key]);
                var x = Vector512.FusedMultiplyAdd(Vector512.Load(at), Vector512.Create(scale), bias);
                x.Store(at);
                largest = Vector512.MaxNative(largest, x);
            }
            var sum = Vector512<float>.Zero;
            at = logits;
            for (var key = 0; key < keys; key++, at += padded)
            {
                var x = Exp(Vector512.Load(at) - largest);
                x.Store(at);
                sum += x;
            }
            var factor = Vector512<float>.One / sum;
            at = logits;
            for (var key = 0; key < keys; key++, at += padded)
                (Vector512.Load(at) * factor).Store(at);
            (largest + Vector512.Log(sum)).Store(logSums + lane);
        }
    }

    /// <summary>
    /// Turns logits into weights, and the gradient of the weights into that of the unscaled logits; all are [keys][queries].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OfLogits(float* logits, float* weightGradients, float* added, float scale, int keys, int padded, float* logSums)
    {
        for (var lane = 0; lane < padded; lane += Lanes, logits += Lanes, weightGradients += Lanes)
        {
            var (sum, logSum) = (Vector512<float>.Zero, Vector512.Load(logSums + lane));
            float* x = logits, weightGradient = weightGradients;
            for (var key = 0; key < keys; key++, x += padded, weightGradient += padded)
            {
                var bias = Vector512.Create(added == null ? 0 : added[key]);
                var weight = Exp(Vector512.FusedMultiplyAdd(Vector512.Load(x), Vector512.Create(scale), bias) - logSum);
                weight.Store(x);
                sum = Vector512.FusedMultiplyAdd(weight, Vector512.Load(weightGradient), sum);
            }
            x = logits;
            weightGradient = weightGradients;
            for (var key = 0; key < keys; key++, x += padded, weightGradient += padded)
                ((Vector512.Load(weightGradient) - sum) * Vector512.Load(x) * Vector512.Create(scale)).Store(weightGradient);
        }
    }

    /// <summary>
    /// C = A B, in tiles of eight rows and a vector of columns. The two strides of A are free, so it may be read transposed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Product(
        float* a, nint rowStep, nint step, float* b, nint rowB, float* c, nint rowC, int rows, int inner, int columns)
    {
        var last = rows - 1;
        for (var r = 0; r < rows; r += RowsOfTile)
        {
            // A tile that goes past the last row repeats it, and writes the same numbers again.
            nint r1 = Math.Min(r + 1, last), r2 = Math.Min(r + 2, last), r3 = Math.Min(r + 3, last), r4 = Math.Min(r + 4, last);
            nint r5 = Math.Min(r + 5, last), r6 = Math.Min(r + 6, last), r7 = Math.Min(r + 7, last);
            float* a0 = a + r * rowStep, a1 = a + r1 * rowStep, a2 = a + r2 * rowStep, a3 = a + r3 * rowStep;
            float* a4 = a + r4 * rowStep, a5 = a + r5 * rowStep, a6 = a + r6 * rowStep, a7 = a + r7 * rowStep;
            for (var column = 0; column < columns; column += Lanes)
            {
                Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
                Vector512<float> s4 = default, s5 = default, s6 = default, s7 = default;
                var from = b + column;
                nint at = 0;
                for (var i = inner; i > 0; i--, from += rowB, at += step)
                {
                    var x = Vector512.Load(from);
                    s0 = Vector512.FusedMultiplyAdd(Vector512.Create(a0[at]), x, s0);
                    s1 = Vector512.FusedMultiplyAdd(Vector512.Create(a1[at]), x, s1);
                    s2 = Vector512.FusedMultiplyAdd(Vector512.Create(a2[at]), x, s2);
                    s3 = Vector512.FusedMultiplyAdd(Vector512.Create(a3[at]), x, s3);
                    s4 = Vector512.FusedMultiplyAdd(Vector512.Create(a4[at]), x, s4);
                    s5 = Vector512.FusedMultiplyAdd(Vector512.Create(a5[at]), x, s5);
                    s6 = Vector512.FusedMultiplyAdd(Vector512.Create(a6[at]), x, s6);
                    s7 = Vector512.FusedMultiplyAdd(Vector512.Create(a7[at]), x, s7);
                }
                var to = c + column;
                s0.Store(to + r * rowC);
                s1.Store(to + r1 * rowC);
                s2.Store(to + r2 * rowC);
                s3.Store(to + r3 * rowC);
                s4.Store(to + r4 * rowC);
                s5.Store(to + r5 * rowC);
                s6.Store(to + r6 * rowC);
                s7.Store(to + r7 * rowC);
            }
        }
    }

    /// <summary>[N rows][S] -> [S][padded], filled up with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Transpose(float* from, int row, int tokens, int headSize, float* to, int padded)
    {
        for (var value = 0; value < headSize; value++, to += padded)
        {
            var at = from + value;
            for (var token = 0; token < tokens; token++, at += row)
                to[token] = *at;
            for (var token = tokens; token < padded; token++)
                to[token] = 0;
        }
    }

    /// <summary>
    /// e^x for x up to 0, with a relative error of 2e-7; x below -86 counts as -86. 2^n e^r with n = round(x / ln 2), and a polynomial of
    /// degree 5 for e^r.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Exp(Vector512<float> x)
    {
        // The sum with 1.5 * 2^23 rounds the fraction away and leaves n in the low bits.
        var magic = Vector512.Create(12582912f);
        x = Vector512.Max(x, Vector512.Create(-86f));
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), magic);
        var n = shifted - magic;
        // ln 2 in two parts. The first has few bits, so that its product with n is exact.
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(0.00838110875f), r, Vector512.Create(0.0419175252f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.166663259f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.499988705f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }

    static float[] Scratch(int length)
    {
        if (scratch is null || scratch.Length < length + Lanes)
            scratch = GC.AllocateUninitializedArray<float>(length + Lanes);
        return scratch;
    }

    static float* Aligned(float* start) => (float*)(((nuint)start + 63) & ~(nuint)63);
}
