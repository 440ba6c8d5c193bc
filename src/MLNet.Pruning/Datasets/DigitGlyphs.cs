using System.Globalization;

namespace MLNet.Pruning.Datasets;

/// <summary>
/// How people write the ten digits: pen strokes in a box of 100 x 100, with y downwards. M lifts the pen and moves it, L draws a line, C
/// draws a cubic curve (two control points and the end).
/// </summary>
static class DigitGlyphs
{
    static readonly string[][] Paths =
    [
        [
            "M50 5 C22 5 15 30 15 50 C15 75 25 95 50 95 C75 95 85 75 85 50 C85 25 76 5 50 5",
            "M58 6 C34 4 24 36 24 56 C24 80 34 96 48 95 C68 94 78 66 78 42 C78 20 68 4 48 8",
        ],
        [
            "M50 5 L50 95",
            "M58 5 L44 95",
            "M30 26 C38 20 46 12 52 5 L52 95",
            "M32 24 L52 5 L52 95 M30 95 L74 95",
        ],
        [
            "M18 28 C20 0 80 0 80 30 C80 55 35 75 18 95 L84 95",
            "M20 25 C25 0 75 0 75 28 C75 55 45 85 26 92 C6 98 14 70 36 82 C50 92 66 100 88 88",
            "M22 14 C50 0 84 8 78 32 C72 56 40 74 20 94 C44 86 64 90 86 94",
        ],
        [
            "M20 16 C36 0 80 2 76 28 C73 44 56 48 42 48 C60 48 84 55 80 74 C75 100 30 100 16 84",
            "M20 6 L78 6 L45 42 C70 40 86 55 82 72 C76 100 32 98 18 84",
        ],
        [
            "M28 8 C26 25 22 40 18 56 L84 56 M68 8 C67 40 65 70 64 95",
            "M66 95 L66 5 L14 66 L88 66",
            "M22 10 C16 44 24 58 44 56 C60 54 72 40 76 10 C74 40 70 70 66 95",
        ],
        [
            "M78 6 L30 6 L24 44 C45 34 82 38 80 68 C78 98 35 100 18 86",
            "M32 8 C30 20 28 32 26 44 C52 32 80 44 78 68 C76 94 40 98 20 88 M32 8 L80 6",
            "M80 10 C50 -2 18 12 26 34 C34 50 80 50 78 74 C74 98 36 98 20 88",
        ],
        [
            "M70 6 C40 15 18 45 18 70 C18 102 80 102 80 70 C80 45 35 42 20 68",
            "M48 5 C34 30 24 54 24 74 C24 100 74 100 74 74 C74 52 40 50 26 72",
        ],
        [
            "M16 8 L82 8 C65 35 50 65 42 95",
            "M16 8 L82 8 C65 35 50 65 42 95 M34 52 L74 50",
            "M18 24 L18 8 L82 8 L46 95",
        ],
        [
            "M50 48 C20 42 18 5 50 5 C82 5 80 42 50 48 C10 55 12 96 50 96 C88 96 90 55 50 48",
            "M74 18 C60 0 22 4 24 26 C26 50 80 50 80 74 C80 102 20 102 20 74 C20 52 76 46 74 18",
        ],
        [
            "M78 30 C76 0 20 2 20 32 C20 60 72 60 78 30 C80 55 72 80 66 95",
            "M76 28 C70 2 22 4 22 32 C22 58 70 58 76 28 L76 95",
            "M78 30 C74 2 20 2 20 32 C20 58 74 58 78 30 C82 66 72 98 34 90",
        ],
    ];

    static readonly Glyph[][] Glyphs = [.. Paths.Select(variants => variants.Select(Parse).ToArray())];

    public const int Classes = 10;

    /// <summary>The maximum number of control points of a glyph.</summary>
    public static int LongestGlyph { get; } = Glyphs.Max(variants => variants.Max(glyph => glyph.Points.Length / 2));

    /// <summary>The ways to write <paramref name="digit"/>.</summary>
    public static ReadOnlySpan<Glyph> Of(int digit) => Glyphs[digit];

    static Glyph Parse(string path)
    {
        var commands = new List<char>();
        var points = new List<float>();
        foreach (string word in path.Split(' '))
        {
            bool starts = char.IsAsciiLetter(word[0]);
            if (starts)
                commands.Add(word[0]);
            points.Add(float.Parse(starts ? word[1..] : word, CultureInfo.InvariantCulture) / 100f);
        }
        return new Glyph([.. commands], [.. points]);
    }

    /// <summary>Pen commands and their points (x, y, x, y, ... in the unit box).</summary>
    internal sealed record Glyph(char[] Commands, float[] Points);
}
