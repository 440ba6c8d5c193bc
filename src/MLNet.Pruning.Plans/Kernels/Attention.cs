using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>The sizes of the attention of a batch, for training.</summary>
/// <param name="Images">B</param>
/// <param name="Tokens">N</param>
/// <param name="Heads">H</param>
/// <param name="HeadSize">S</param>
/// <param name="Stride">The distance between rows of queries, keys and values; at least 3 x H x S.</param>
/// <param name="MixedStride">The distance between rows of mixed values; at least H x S.</param>
readonly record struct AttentionSizes(int Images, int Tokens, int Heads, int HeadSize, nint Stride, nint MixedStride)
{
    public int Width => Heads * HeadSize;

    /// <summary>Tokens, rounded up to whole vectors of any width.</summary>
    public int Padded => (Tokens + 15) / 16 * 16;

    /// <summary>The numbers that forward keeps for backward.</summary>
    public long Kept => 2L * Images * Heads * Padded;

    /// <summary>The numbers that backward needs room for; forward needs fewer.</summary>
    public int Room => 2 * (HeadSize + Tokens) * Padded;

    public float Scale => 1 / MathF.Sqrt(HeadSize);
}

/// <summary>Attention among a few tokens, forward and backward, an image and a head at a time.</summary>
/// <remarks>
/// Logits of one head stay in the caches. Queries, keys and values are read from the output of one linear layer, where they lie side by
/// side: only queries are copied, so that they are the lanes. Weights are not kept: backward computes them again from each query's largest
/// logit and sum. A head's size is a multiple of the lanes.
/// </remarks>
static unsafe class Attention<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="qkv">[B, N, 3, H, S]: queries, keys and values.</param>
    /// <param name="added">[B, N]: added to the logits of each key; null for none.</param>
    /// <param name="n">The sizes.</param>
    /// <param name="room">Room for what is computed of one head.</param>
    /// <param name="mixed">[B, N, H, S]; written.</param>
    /// <param name="kept">[B, H, 2, padded N]; written: each query's largest logit, and 1 / the sum of e^(logit - that).</param>
    public static void Forward(float* qkv, float* added, AttentionSizes n, float* room, float* mixed, float* kept)
    {
        nint padded = n.Padded;
        float* queries = room, logits = queries + (n.HeadSize * padded);
        for (int image = 0; image < n.Images; image++, qkv += n.Tokens * n.Stride, mixed += n.Tokens * n.MixedStride)
        {
            for (int head = 0; head < n.Heads; head++, kept += 2 * padded)
            {
                float* q = qkv + (head * n.HeadSize), k = q + n.Width, v = k + n.Width;
                Turn(q, n.Stride, n, queries);
                OfLanes(k, n.Stride, queries, n, logits);
                Softmax(logits, added == null ? null : added + (image * n.Tokens), n, kept);
                OfRows(logits, 1, padded, v, n.Stride, n, mixed + (head * n.HeadSize), n.MixedStride);
            }
        }
    }

    /// <param name="qkv">The input of the forward pass.</param>
    /// <param name="added">As in the forward pass.</param>
    /// <param name="kept">What the forward pass has kept.</param>
    /// <param name="n">The sizes.</param>
    /// <param name="room">Room for what is computed of one head.</param>
    /// <param name="gradient">[B, N, H, S]: the gradient of the mixed values.</param>
    /// <param name="result">[B, N, 3, H, S]; written: the gradient of queries, keys and values.</param>
    public static void Backward(
        float* qkv, float* added, float* kept, AttentionSizes n, float* room, float* gradient, float* result)
    {
        nint padded = n.Padded;
        float* queries = room, gradients = queries + (n.HeadSize * padded);
        float* weights = gradients + (n.HeadSize * padded), weightGradients = weights + (n.Tokens * padded);
        nint image = n.Tokens * n.Stride;
        for (int i = 0; i < n.Images; i++, qkv += image, result += image, gradient += n.Tokens * n.MixedStride)
        {
            for (int head = 0; head < n.Heads; head++, kept += 2 * padded)
            {
                float* q = qkv + (head * n.HeadSize), k = q + n.Width, v = k + n.Width, g = gradient + (head * n.HeadSize);
                float* dq = result + (head * n.HeadSize), dk = dq + n.Width, dv = dk + n.Width;
                Turn(q, n.Stride, n, queries);
                Turn(g, n.MixedStride, n, gradients);
                OfLanes(k, n.Stride, queries, n, weights);
                OfLanes(v, n.Stride, gradients, n, weightGradients);
                OfLogits(weights, weightGradients, added == null ? null : added + (i * n.Tokens), n, kept);
                OfRows(weights, padded, 1, g, n.MixedStride, n, dv, n.Stride);
                OfRows(weightGradients, 1, padded, k, n.Stride, n, dq, n.Stride);
                OfRows(weightGradients, padded, 1, q, n.Stride, n, dk, n.Stride);
            }
        }
    }

    /// <summary>[N rows][S] -> [S][padded], filled up with zeros.</summary>
    static void Turn(float* from, nint stride, AttentionSizes n, float* to)
    {
        Transposition.Transpose(from, n.Tokens, n.HeadSize, stride, to, n.Padded);
        for (int value = 0; value < n.HeadSize; value++)
            for (int token = n.Tokens; token < n.Padded; token++)
                to[((nint)value * n.Padded) + token] = 0;
    }

    /// <summary>[N rows][S] x [S][padded] -> [N][padded]</summary>
    static void OfLanes(float* rows, nint stride, float* lanes, AttentionSizes n, float* to) =>
        DenseProduct<TVectors, TVector>.Multiply(new()
        {
            A = rows,
            RowStride = stride,
            DepthStride = 1,
            Rows = n.Tokens,
            Columns = n.Tokens,
            Depth = n.HeadSize,
            B = lanes,
            BStride = n.Padded,
            TripleStride = n.Padded,
            PanelStride = 2 * TVectors.Count,
            C = to,
            CStride = n.Padded,
        });

    /// <summary>[N x N] x [N rows][S] -> [N rows][S]. The two strides of the first are free, so it may be read transposed.</summary>
    static void OfRows(float* weights, nint rowStride, nint depthStride, float* rows, nint stride, AttentionSizes n, float* to,
        nint toStride) => DenseProduct<TVectors, TVector>.Multiply(new()
        {
            A = weights,
            RowStride = rowStride,
            DepthStride = depthStride,
            Rows = n.Tokens,
            Columns = n.HeadSize,
            Depth = n.Tokens,
            B = rows,
            BStride = stride,
            TripleStride = stride,
            PanelStride = 2 * TVectors.Count,
            C = to,
            CStride = toStride,
        });

    /// <summary>Turns unscaled logits, [keys][queries], into weights in place; what backward needs is not kept if that is null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Softmax(float* logits, float* added, AttentionSizes n, float* kept)
    {
        nint padded = n.Padded;
        var scale = TVectors.Create(n.Scale);
        for (nint lane = 0; lane < n.Tokens; lane += TVectors.Count)
        {
            var largest = TVectors.Create(float.NegativeInfinity);
            float* at = logits + lane;
            for (int key = 0; key < n.Tokens; key++, at += padded)
            {
                var x = TVectors.MultiplyAdd(TVectors.Load(at), scale, TVectors.Create(added == null ? 0 : added[key]));
                TVectors.Store(x, at);
                largest = TVectors.Max(largest, x);
            }
            var sum = TVectors.Zero;
            at = logits + lane;
            for (int key = 0; key < n.Tokens; key++, at += padded)
            {
                var x = Functions<TVectors, TVector>.Exp(TVectors.Subtract(TVectors.Load(at), largest));
                TVectors.Store(x, at);
                sum = TVectors.Add(sum, x);
            }
            var factor = TVectors.Divide(TVectors.Create(1), sum);
            at = logits + lane;
            for (int key = 0; key < n.Tokens; key++, at += padded)
                TVectors.Store(TVectors.Multiply(TVectors.Load(at), factor), at);
            if (kept == null)
                continue;
            TVectors.Store(largest, kept + lane);
            TVectors.Store(factor, kept + padded + lane);
        }
    }

    /// <summary>
    /// Turns unscaled logits into weights, and the gradient of the weights into that of the unscaled logits; all are [keys][queries].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OfLogits(float* logits, float* weightGradients, float* added, AttentionSizes n, float* kept)
    {
        nint padded = n.Padded;
        var scale = TVectors.Create(n.Scale);
        for (nint lane = 0; lane < n.Tokens; lane += TVectors.Count)
        {
            var (sum, largest, factor) = (TVectors.Zero, TVectors.Load(kept + lane), TVectors.Load(kept + padded + lane));
            float* x = logits + lane, gradient = weightGradients + lane;
            for (int key = 0; key < n.Tokens; key++, x += padded, gradient += padded)
            {
                var logit = TVectors.MultiplyAdd(TVectors.Load(x), scale, TVectors.Create(added == null ? 0 : added[key]));
                var weight = TVectors.Multiply(Functions<TVectors, TVector>.Exp(TVectors.Subtract(logit, largest)), factor);
                TVectors.Store(weight, x);
                sum = TVectors.MultiplyAdd(weight, TVectors.Load(gradient), sum);
            }
            x = logits + lane;
            gradient = weightGradients + lane;
            for (int key = 0; key < n.Tokens; key++, x += padded, gradient += padded)
            {
                var change = TVectors.Subtract(TVectors.Load(gradient), sum);
                TVectors.Store(TVectors.Multiply(TVectors.Multiply(change, TVectors.Load(x)), scale), gradient);
            }
        }
    }
}
