using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Images;

/// <summary>Coefficients to samples: dequantization and the inverse cosine transform (T.81, A.3.3), eight columns at a time.</summary>
static class JpegTransform
{
    static readonly float Half = (float)(0.5 / Math.Sqrt(2)), Even2 = Cosine(2), Even6 = Cosine(6), Odd1 = Cosine(1), Odd3 = Cosine(3), Odd5 = Cosine(5), Odd7 = Cosine(7);

    /// <summary>The samples of a component, Stride x 8 to a row.</summary>
    public static byte[] Samples(JpegComponent component)
    {
        int stride = component.Stride * 8, rows = component.Coefficients.Length / JpegComponent.BlockSize / component.Stride;
        var samples = new byte[component.Coefficients.Length];
        Span<float> values = stackalloc float[64], turned = stackalloc float[64];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < component.Stride; column++)
            {
                var block = component.Block(column, row);
                var target = samples.AsSpan((row * 8 * stride) + (column * 8));
                for (int i = 0; i < 64; i++)
                    values[i] = block[i] * component.Quantizer![i];
                Columns(values);
                for (int i = 0; i < 64; i++)
                    turned[((i & 7) * 8) + (i >> 3)] = values[i];
                Columns(turned);
                for (int x = 0; x < 8; x++)
                {
                    for (int y = 0; y < 8; y++)
                        target[(y * stride) + x] = (byte)Math.Clamp((int)(turned[(x * 8) + y] + 128.5f), 0, 255);
                }
            }
        }
        return samples;
    }

    /// <summary>The one-dimensional transform of all eight columns, in place.</summary>
    static void Columns(Span<float> block)
    {
        Vector256<float> s0 = Row(block, 0), s1 = Row(block, 1), s2 = Row(block, 2), s3 = Row(block, 3), s4 = Row(block, 4), s5 = Row(block, 5), s6 = Row(block, 6), s7 = Row(block, 7);
        var sum = (s0 + s4) * Half;
        var difference = (s0 - s4) * Half;
        var wide = (s2 * Even2) + (s6 * Even6);
        var narrow = (s2 * Even6) - (s6 * Even2);
        Store(block, 0, sum + wide, (s1 * Odd1) + (s3 * Odd3) + (s5 * Odd5) + (s7 * Odd7));
        Store(block, 1, difference + narrow, (s1 * Odd3) - (s3 * Odd7) - (s5 * Odd1) - (s7 * Odd5));
        Store(block, 2, difference - narrow, (s1 * Odd5) - (s3 * Odd1) + (s5 * Odd7) + (s7 * Odd3));
        Store(block, 3, sum - wide, (s1 * Odd7) - (s3 * Odd5) + (s5 * Odd3) - (s7 * Odd1));
    }

    static Vector256<float> Row(Span<float> block, int row) => Vector256.Create<float>(block[(row * 8)..]);

    /// <summary>Rows i and 7 - i: their even parts are equal, their odd parts opposite.</summary>
    static void Store(Span<float> block, int row, Vector256<float> even, Vector256<float> odd)
    {
        (even + odd).CopyTo(block[(row * 8)..]);
        (even - odd).CopyTo(block[((7 - row) * 8)..]);
    }

    static float Cosine(int sixteenths) => (float)(0.5 * Math.Cos(sixteenths * Math.PI / 16));
}
