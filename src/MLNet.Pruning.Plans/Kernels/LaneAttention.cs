using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// <see cref="Attention{TVectors,TVector}"/> where a row holds one value of all tokens: of all images, one after the other.
/// </summary>
/// <remarks>
/// Keys are rows and queries lanes of the logits, so that queries and the gradients of mixed values need not be transposed. Whole vectors
/// are written: an image's last vector also covers tokens of the next image, which is written after it. Weights are kept for backward: they
/// are read as fast as they are computed again, and their product and exponentials are spared.
/// </remarks>
static unsafe class LaneAttention<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>The numbers that backward needs room for.</summary>
    public static long Room(AttentionSizes n) => ((long)n.Tokens * n.Padded) + (2L * n.Tokens * Across(n));

    static int Across(AttentionSizes n) => (n.HeadSize + TVectors.Count - 1) / TVectors.Count * TVectors.Count;

    /// <param name="qkv">[3, H, S][stride]: queries, keys and values.</param>
    /// <param name="added">[B, N]: added to the logits of each key; null for none.</param>
    /// <param name="n">The sizes; both strides are the distance between rows.</param>
    /// <param name="mixed">[H, S][stride]; written.</param>
    /// <param name="weights">[B, H, N, padded N], of each query for each key; written.</param>
    public static void Forward(float* qkv, float* added, AttentionSizes n, float* mixed, float* weights)
    {
        for (int image = 0; image < n.Images; image++)
        {
            for (int head = 0; head < n.Heads; head++, weights += n.Tokens * n.Padded)
            {
                nint at = (image * n.Tokens) + (head * n.HeadSize * n.Stride), next = n.Width * n.Stride;
                float* q = qkv + at, k = q + next, v = k + next;
                Product(k, 1, n.Stride, q, n.Stride, weights, n.Padded, n.Tokens, n.HeadSize, n.Tokens);
                Attention<TVectors, TVector>.Softmax(weights, added == null ? null : added + (image * n.Tokens), n, null);
                Product(v, n.Stride, 1, weights, n.Padded, mixed + at, n.Stride, n.HeadSize, n.Tokens, n.Tokens);
            }
        }
    }

    /// <param name="qkv">The input of the forward pass.</param>
    /// <param name="weights">The output of the forward pass.</param>
    /// <param name="n">The sizes.</param>
    /// <param name="room">Room for what is computed of one head.</param>
    /// <param name="gradient">[H, S][stride]: the gradient of the mixed values.</param>
    /// <param name="result">[3, H, S][stride]; written: the gradient of queries, keys and values.</param>
    public static void Backward(float* qkv, float* weights, AttentionSizes n, float* room, float* gradient, float* result)
    {
        int table = n.Tokens * n.Padded;
        float* slopes = room, rows = slopes + table;
        for (int image = 0; image < n.Images; image++)
        {
            for (int head = 0; head < n.Heads; head++, weights += table)
            {
                nint at = (image * n.Tokens) + (head * n.HeadSize * n.Stride), next = n.Width * n.Stride;
                float* q = qkv + at, k = q + next, v = k + next, g = gradient + at;
                float* dq = result + at, dk = dq + next, dv = dk + next;
                Product(v, 1, n.Stride, g, n.Stride, slopes, n.Padded, n.Tokens, n.HeadSize, n.Tokens);
                ByKeys(weights, g, n, rows, dv);
                OfWeights(weights, slopes, n);
                Product(k, n.Stride, 1, slopes, n.Padded, dq, n.Stride, n.HeadSize, n.Tokens, n.Tokens);
                ByKeys(slopes, q, n, rows, dk);
            }
        }
    }

    /// <summary>Sums over queries, which are lanes: [keys x queries] times [queries x values], and that transposed.</summary>
    static void ByKeys(float* table, float* lanes, AttentionSizes n, float* room, float* to)
    {
        int across = Across(n);
        float* byKeys = room + (n.Tokens * across);
        Transposition.Transpose(lanes, n.HeadSize, n.Tokens, n.Stride, room, across);
        Product(table, n.Padded, 1, room, across, byKeys, across, n.Tokens, n.Tokens, n.HeadSize);
        Transposition.Transpose(byKeys, n.Tokens, n.HeadSize, across, to, n.Stride);
    }

    /// <summary>Turns the gradient of weights into that of the unscaled logits; both are [keys][queries].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OfWeights(float* weights, float* slopes, AttentionSizes n)
    {
        nint padded = n.Padded;
        var scale = TVectors.Create(n.Scale);
        for (nint lane = 0; lane < n.Tokens; lane += TVectors.Count)
        {
            // Two sums side by side, as each addition waits for the previous one.
            TVector sum = TVectors.Zero, second = sum;
            float* w = weights + lane, g = slopes + lane;
            int key = 0;
            for (; key <= n.Tokens - 2; key += 2, w += 2 * padded, g += 2 * padded)
            {
                sum = TVectors.MultiplyAdd(TVectors.Load(w), TVectors.Load(g), sum);
                second = TVectors.MultiplyAdd(TVectors.Load(w + padded), TVectors.Load(g + padded), second);
            }
            if (key < n.Tokens)
                sum = TVectors.MultiplyAdd(TVectors.Load(w), TVectors.Load(g), sum);
            sum = TVectors.Add(sum, second);
            w = weights + lane;
            g = slopes + lane;
            for (key = 0; key < n.Tokens; key++, w += padded, g += padded)
            {
                var change = TVectors.Subtract(TVectors.Load(g), sum);
                TVectors.Store(TVectors.Multiply(change, TVectors.Multiply(TVectors.Load(w), scale)), g);
            }
        }
    }

    static void Product(
        float* a, nint rowStep, nint step, float* b, nint rowB, float* c, nint rowC, int rows, int inner, int columns) =>
        DenseProduct<TVectors, TVector>.Multiply(new()
        {
            A = a,
            RowStride = rowStep,
            DepthStride = step,
            Rows = rows,
            Columns = columns,
            Depth = inner,
            B = b,
            BStride = rowB,
            TripleStride = rowB,
            PanelStride = 2 * TVectors.Count,
            C = c,
            CStride = rowC,
        });
}
