using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Tokens;

/// <summary>Dot products of all even with all odd tokens, in single precision.</summary>
static unsafe class PairProducts
{
    // 4 x 3 accumulators, three vectors of odd tokens and one even value fill sixteen registers.
    public const int RowTile = 4;

    /// <summary>Odd tokens per panel: three vectors, of 512 bits if there are enough tokens to fill more than half of them.</summary>
    /// <param name="count">The number of odd tokens.</param>
    public static int PanelWidth(int count) => Vector512.IsHardwareAccelerated && count > 3 * Lanes ? 6 * Lanes : 3 * Lanes;

    const int Lanes = 8;

    // A panel of this many features (9 or 18 KiB) stays in the first-level cache while all even tokens are processed. No sum has more
    // terms, which bounds its error.
    const int DepthBlock = 96;

    /// <summary>The maximum error of a dot product, relative to the product of the two norms.</summary>
    /// <param name="width">Values of a token, D.</param>
    public static float Error(int width) => (Math.Min(width, DepthBlock) + (width / DepthBlock) + 4) * (1f / (1 << 24));

    /// <summary>Packs every second token into panels: [panel][feature][token of the panel].</summary>
    /// <param name="tokens">The first token.</param>
    /// <param name="width">Values of a token, D.</param>
    /// <param name="panel">Tokens per panel, a multiple of 4. An incomplete last panel keeps its zeros.</param>
    public static void Pack(float* tokens, int count, int width, int panel, float* to)
    {
        for (int first = 0; first < count; first += panel, to += (long)width * panel)
        {
            int lanes = Math.Min(panel, count - first);
            for (int lane = 0; lane < lanes; lane += 4)
            {
                float* from = tokens + (2L * (first + lane) * width);
                int d = 0;
                if (Sse.IsSupported && lane + 4 <= lanes)
                {
                    for (; d <= width - 4; d += 4)
                        Transpose(from + d, 2 * width, to + ((long)d * panel) + lane, panel);
                }
                for (; d < width; d++)
                {
                    for (int i = 0; i < Math.Min(4, lanes - lane); i++)
                        to[((long)d * panel) + lane + i] = from[(2L * i * width) + d];
                }
            }
        }
    }

    /// <summary>Transposes four features of four tokens.</summary>
    static void Transpose(float* from, int stride, float* to, int panel)
    {
        var (a, b) = (Vector128.Load(from), Vector128.Load(from + stride));
        var (c, d) = (Vector128.Load(from + (2 * stride)), Vector128.Load(from + (3 * stride)));
        var (ab, cd) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d));
        Vector128.Store(Sse.MoveLowToHigh(ab, cd), to);
        Vector128.Store(Sse.MoveHighToLow(cd, ab), to + panel);
        (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Vector128.Store(Sse.MoveLowToHigh(ab, cd), to + (2 * panel));
        Vector128.Store(Sse.MoveHighToLow(cd, ab), to + (3 * panel));
    }

    /// <summary>The squared norm of each token in the panels.</summary>
    public static void Norms(float* packed, int panels, int width, int panel, float* norms)
    {
        for (int p = 0; p < panels; p++, packed += (long)width * panel, norms += panel)
        {
            for (int lane = 0; lane < panel; lane += 4)
            {
                // Four sums side by side, as each addition waits for the previous one.
                var (first, second, third, fourth) = (Vector128<float>.Zero, Vector128<float>.Zero, Vector128<float>.Zero,
                    Vector128<float>.Zero);
                float* at = packed + lane;
                int d = 0;
                for (; d <= width - 4; d += 4, at += 4 * panel)
                {
                    first = Square(at, first);
                    second = Square(at + panel, second);
                    third = Square(at + (2 * panel), third);
                    fourth = Square(at + (3 * panel), fourth);
                }
                for (; d < width; d++, at += panel)
                    first = Square(at, first);
                Vector128.Store(first + second + (third + fourth), norms + lane);
            }
        }
    }

    static Vector128<float> Square(float* at, Vector128<float> sum)
    {
        var value = Vector128.Load(at);
        return Vector128.MultiplyAddEstimate(value, value, sum);
    }

    /// <param name="evens">Panels of <see cref="RowTile"/>.</param>
    /// <param name="odds">Panels of <see cref="PanelWidth"/>.</param>
    /// <param name="panel">Odd tokens per panel.</param>
    /// <param name="width">Values of a token, D.</param>
    /// <param name="products">[rowPanels * RowTile x columnPanels * panel]; written.</param>
    public static void Multiply(float* evens, int rowPanels, float* odds, int columnPanels, int panel, int width, float* products)
    {
        int stride = columnPanels * panel;
        for (int column = 0; column < columnPanels; column++, odds += (long)width * panel)
        {
            for (int start = 0; start < width; start += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, width - start);
                float* b = odds + ((long)start * panel);
                for (int row = 0; row < rowPanels; row++)
                {
                    float* a = evens + ((((long)row * width) + start) * RowTile);
                    float* c = products + ((long)row * RowTile * stride) + (column * panel);
                    if (panel > 3 * Lanes)
                        WideTile(a, b, depth, c, stride, start > 0);
                    else
                        Tile(a, b, depth, c, stride, start > 0);
                }
            }
        }
    }

    static void Tile(float* a, float* b, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00, c01, c02, c10, c11, c12, c20, c21, c22, c30, c31, c32;
        c00 = c01 = c02 = c10 = c11 = c12 = c20 = c21 = c22 = c30 = c31 = c32 = Vector256<float>.Zero;
        for (float* end = a + ((long)depth * RowTile); a < end; a += RowTile, b += 3 * Lanes)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + Lanes);
            var b2 = Vector256.Load(b + (2 * Lanes));
            var x = Vector256.Create(a[0]);
            c00 = Vector256.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector256.MultiplyAddEstimate(x, b2, c02);
            x = Vector256.Create(a[1]);
            c10 = Vector256.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector256.MultiplyAddEstimate(x, b2, c12);
            x = Vector256.Create(a[2]);
            c20 = Vector256.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector256.MultiplyAddEstimate(x, b2, c22);
            x = Vector256.Create(a[3]);
            c30 = Vector256.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector256.MultiplyAddEstimate(x, b2, c32);
        }
        Store(c, c00, c01, c02, add);
        Store(c + stride, c10, c11, c12, add);
        Store(c + (2 * stride), c20, c21, c22, add);
        Store(c + (3 * stride), c30, c31, c32, add);

        static void Store(float* to, Vector256<float> first, Vector256<float> second, Vector256<float> third, bool add)
        {
            if (add)
            {
                first += Vector256.Load(to);
                second += Vector256.Load(to + Lanes);
                third += Vector256.Load(to + (2 * Lanes));
            }
            Vector256.Store(first, to);
            Vector256.Store(second, to + Lanes);
            Vector256.Store(third, to + (2 * Lanes));
        }
    }

    /// <summary>The same with vectors of 512 bits.</summary>
    static void WideTile(float* a, float* b, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c00, c01, c02, c10, c11, c12, c20, c21, c22, c30, c31, c32;
        c00 = c01 = c02 = c10 = c11 = c12 = c20 = c21 = c22 = c30 = c31 = c32 = Vector512<float>.Zero;
        for (float* end = a + ((long)depth * RowTile); a < end; a += RowTile, b += 6 * Lanes)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + (2 * Lanes));
            var b2 = Vector512.Load(b + (4 * Lanes));
            var x = Vector512.Create(a[0]);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector512.MultiplyAddEstimate(x, b2, c02);
            x = Vector512.Create(a[1]);
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector512.MultiplyAddEstimate(x, b2, c12);
            x = Vector512.Create(a[2]);
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector512.MultiplyAddEstimate(x, b2, c22);
            x = Vector512.Create(a[3]);
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector512.MultiplyAddEstimate(x, b2, c32);
        }
        Store(c, c00, c01, c02, add);
        Store(c + stride, c10, c11, c12, add);
        Store(c + (2 * stride), c20, c21, c22, add);
        Store(c + (3 * stride), c30, c31, c32, add);

        static void Store(float* to, Vector512<float> first, Vector512<float> second, Vector512<float> third, bool add)
        {
            if (add)
            {
                first += Vector512.Load(to);
                second += Vector512.Load(to + (2 * Lanes));
                third += Vector512.Load(to + (4 * Lanes));
            }
            Vector512.Store(first, to);
            Vector512.Store(second, to + (2 * Lanes));
            Vector512.Store(third, to + (4 * Lanes));
        }
    }
}
