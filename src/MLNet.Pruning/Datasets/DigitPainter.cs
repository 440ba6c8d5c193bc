namespace MLNet.Pruning.Datasets;

/// <summary>
/// Draws one digit of 28 x 28 grey pixels: a glyph with trembling control points, an affine map, an elastic warp, a pen
/// of some width, stray marks and noise. Only additions, multiplications, divisions and square roots, which IEEE 754
/// fixes to the last bit, so that every machine paints the same bytes.
/// </summary>
sealed class DigitPainter
{
    public const int Side = 28;

    public const int PixelCount = Side * Side;

    const int PiecesPerCurve = 9;
    const int Lattice = 4;

    readonly float[] control = new float[2 * DigitGlyphs.LongestGlyph];
    readonly float[] warp = new float[2 * Lattice * Lattice];
    readonly float[] ink = new float[PixelCount];
    DigitRandom random;
    float xx, xy, yx, yy, dx, dy, pen;

    /// <summary>The first <paramref name="count"/> digits of the endless data set with this seed.</summary>
    public static ByteImageView View(int count, int seed)
    {
        int maximum = Array.MaxLength / DigitPainter.PixelCount;
        if (count < 1 || count > maximum)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"Wanted 1 to {maximum} digits.");
        var labels = new byte[count];
        var pixels = new byte[count * DigitPainter.PixelCount];
        // Every digit has its own stream of random numbers, so the order in which digits are painted does not matter.
        Parallel.For(0, count, () => new DigitPainter(), (index, _, painter) =>
        {
            labels[index] = painter.Paint(seed, index, pixels.AsSpan(index * DigitPainter.PixelCount, DigitPainter.PixelCount));
            return painter;
        }, _ => { });
        return new ByteImageView(new PixelStore(pixels, DigitPainter.PixelCount), labels);
    }

    /// <summary>
    /// Paints digit number <paramref name="index"/> of the data set with this seed into <paramref name="pixels"/>, and returns its label.
    /// </summary>
    public byte Paint(int seed, long index, Span<byte> pixels)
    {
        random = new DigitRandom(unchecked((ulong)seed), (ulong)index);
        int digit = random.Below(DigitGlyphs.Classes);
        var variants = DigitGlyphs.Of(digit);
        var glyph = variants[random.Below(variants.Length)];

        ChooseDistortion();
        Array.Clear(ink);
        DrawGlyph(glyph);
        DrawStrayMarks();
        Develop(pixels);
        return (byte)digit;
    }

    void ChooseDistortion()
    {
        // The rotation in terms of t = tan(angle / 2): a standard deviation of eight degrees.
        float t = 0.07f * random.Bell();
        float cos = (1 - (t * t)) / (1 + (t * t));
        float sin = 2 * t / (1 + (t * t));
        float width = random.Uniform(12f, 18f);
        float height = random.Uniform(17f, 21f);
        float slant = -0.12f + (0.2f * random.Bell());
        xx = cos * width;
        xy = ((cos * slant) - sin) * height;
        yx = sin * width;
        yy = ((sin * slant) + cos) * height;
        dx = (Side / 2f) + (0.8f * random.Bell());
        dy = (Side / 2f) + (0.8f * random.Bell());
        pen = random.Uniform(0.65f, 1.75f);
        for (int i = 0; i < warp.Length; i++)
            warp[i] = 1.3f * random.Bell();
    }

    void DrawGlyph(DigitGlyphs.Glyph glyph)
    {
        for (int i = 0; i < glyph.Points.Length; i++)
            control[i] = glyph.Points[i] - 0.5f + (0.042f * random.Bell());
        float penX = 0, penY = 0;
        int at = 0;
        foreach (char command in glyph.Commands)
        {
            if (command == 'C')
            {
                DrawCurve(penX, penY, control.AsSpan(at, 6));
                at += 4;
            }
            else if (command == 'L')
            {
                // The warp bends straight strokes too, so they are divided as curves are.
                float endX = control[at], endY = control[at + 1];
                DrawCurve(penX, penY,
                [
                    penX + ((endX - penX) / 3), penY + ((endY - penY) / 3),
                    endX + ((penX - endX) / 3), endY + ((penY - endY) / 3),
                    endX, endY,
                ]);
            }
            penX = control[at];
            penY = control[at + 1];
            at += 2;
        }
    }

    void DrawCurve(float startX, float startY, ReadOnlySpan<float> control)
    {
        var (x0, y0) = Place(startX, startY);
        for (int piece = 1; piece <= PiecesPerCurve; piece++)
        {
            float t = piece / (float)PiecesPerCurve, s = 1 - t;
            float a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;
            var (x1, y1) = Place(
                (a * startX) + (b * control[0]) + (c * control[2]) + (d * control[4]),
                (a * startY) + (b * control[1]) + (c * control[3]) + (d * control[5]));
            DrawSegment(x0, y0, x1, y1, pen, 1f);
            (x0, y0) = (x1, y1);
        }
    }

    /// <summary>From the glyph's box, centred on zero, to pixels: the affine map, then the elastic warp.</summary>
    (float X, float Y) Place(float x, float y)
    {
        float px = (xx * x) + (xy * y) + dx;
        float py = (yx * x) + (yy * y) + dy;

        // Displacements are given on a 4 x 4 lattice over the image; a cubic B-spline interpolates them smoothly.
        Span<float> wx = stackalloc float[Lattice], wy = stackalloc float[Lattice];
        Weights(px / Side, wx);
        Weights(py / Side, wy);
        float moveX = 0, moveY = 0;
        for (int row = 0; row < Lattice; row++)
        {
            for (int column = 0; column < Lattice; column++)
            {
                float weight = wy[row] * wx[column];
                moveX += weight * warp[2 * ((row * Lattice) + column)];
                moveY += weight * warp[(2 * ((row * Lattice) + column)) + 1];
            }
        }
        return (px + (2.4f * moveX), py + (2.4f * moveY));
    }

    /// <summary>Bernstein weights of the cubic: a smooth partition of one over the lattice.</summary>
    static void Weights(float t, Span<float> weights)
    {
        t = Math.Clamp(t, 0f, 1f);
        float s = 1 - t;
        weights[0] = s * s * s;
        weights[1] = 3 * s * s * t;
        weights[2] = 3 * s * t * t;
        weights[3] = t * t * t;
    }

    void DrawStrayMarks()
    {
        for (int marks = random.Below(4); marks > 0; marks--)
        {
            float x = random.Uniform(0, Side), y = random.Uniform(0, Side);
            DrawSegment(x, y, x + (3f * random.Bell()), y + (3f * random.Bell()), random.Uniform(0.3f, 0.9f), random.Uniform(0.3f, 0.8f));
        }
    }

    /// <summary>Ink is full within the pen's radius and fades over one pixel; strokes that cross do not add up.</summary>
    void DrawSegment(float x0, float y0, float x1, float y1, float radius, float strength)
    {
        float reach = radius + 0.5f;
        int left = Math.Max(0, (int)(Math.Min(x0, x1) - reach)), right = Math.Min(Side - 1, (int)(Math.Max(x0, x1) + reach));
        int top = Math.Max(0, (int)(Math.Min(y0, y1) - reach)), bottom = Math.Min(Side - 1, (int)(Math.Max(y0, y1) + reach));
        float vx = x1 - x0, vy = y1 - y0;
        float inverse = 1f / ((vx * vx) + (vy * vy) + 1e-9f);
        for (int row = top; row <= bottom; row++)
        {
            float py = row + 0.5f - y0;
            for (int column = left; column <= right; column++)
            {
                float px = column + 0.5f - x0;
                float along = Math.Clamp(((px * vx) + (py * vy)) * inverse, 0f, 1f);
                float ox = px - (along * vx), oy = py - (along * vy);
                float distance = MathF.Sqrt((ox * ox) + (oy * oy));
                float ink = strength * Math.Min(1f, reach - distance);
                ref float pixel = ref this.ink[(row * Side) + column];
                if (ink > pixel)
                    pixel = ink;
            }
        }
    }

    /// <summary>Ink to grey: contrast, a faint background and grain.</summary>
    void Develop(Span<byte> pixels)
    {
        float contrast = random.Uniform(140f, 255f);
        float grain = random.Uniform(2f, 28f);
        for (int i = 0; i < pixels.Length; i++)
        {
            float grey = (contrast * ink[i]) + (grain * random.Bell());
            pixels[i] = (byte)Math.Clamp(grey, 0f, 255f);
        }
    }
}

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014), one stream per digit: digit i is the same on any machine and with any number of threads.
/// System.Random does not promise this across versions.
/// </summary>
struct DigitRandom(ulong seed, ulong stream)
{
    const ulong Golden = 0x9E3779B97F4A7C15UL;
    ulong state = Mix(Mix(seed + Golden) ^ (stream * 0xD1B54A32D192ED03UL));

    public ulong Next() => Mix(state += Golden);

    /// <summary>Uniform in [0, 1): 24 bits, exact in single precision.</summary>
    public float Uniform() => (Next() >> 40) * (1f / (1 << 24));

    public float Uniform(float low, float high) => low + ((high - low) * Uniform());

    /// <summary>Uniform in 0 .. count - 1. The bias of a 32-bit multiply is below 1e-8 for the small counts here.</summary>
    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);

    /// <summary>
    /// Approximately normal, mean 0 and standard deviation 1: the sum of four uniforms. It uses no logarithm, so it is bit-exact; it never
    /// exceeds 3.5.
    /// </summary>
    public float Bell()
    {
        ulong bits = Next();
        int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
        // The variance of a sum of four uniforms on [0, 1) is 4 / 12, hence the square root of three.
        return ((sum * (1f / 65536f)) - 2f) * 1.7320508f;
    }

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
