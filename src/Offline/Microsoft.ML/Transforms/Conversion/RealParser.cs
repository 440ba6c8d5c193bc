using System.Globalization;

namespace Microsoft.ML.Data;

/// <summary>How numbers stand in text.</summary>
internal readonly record struct RealFormat(bool CommaMarksDecimals, bool EmptyIsNaN);

/// <summary>
/// Reads floating point numbers from text: an optional sign, digits around a decimal marker, an optional exponent;
/// or NaN, ?, Infinity, ∞. White space around is ignored. Empty text is zero (or NaN, if the format says so).
/// </summary>
internal static class RealParser
{
    private const ulong MantissaLimit = (ulong.MaxValue - 9) / 10;
    private const long ExponentLimit = long.MaxValue / 100;
    private static readonly double[] Powers = [.. Enumerable.Range(0, 309).Select(i => PowerOfTen(i))];
    private static readonly double[] NegativePowers = [.. Enumerable.Range(0, 324).Select(i => PowerOfTen(-i))];

    public static bool TryParse(ReadOnlySpan<char> text, RealFormat format, out float value)
    {
        if (!TryScan(text, format, out var number, out value))
            return false;
        if (number is { } scanned)
            value = scanned.ToSingle();
        return true;
    }

    public static bool TryParse(ReadOnlySpan<char> text, RealFormat format, out double value)
    {
        bool good = TryScan(text, format, out var number, out float special);
        value = number is { } scanned ? scanned.ToDouble() : special;
        return good;
    }

    private static double PowerOfTen(int exponent)
        => double.Parse($"1e{exponent}", NumberStyles.Float, CultureInfo.InvariantCulture);

    private static bool TryScan(ReadOnlySpan<char> text, RealFormat format, out Scanned? number, out float special)
    {
        number = null;
        special = 0;
        text = text.Trim();
        if (text.IsEmpty)
        {
            special = format.EmptyIsNaN ? float.NaN : 0;
            return true;
        }

        int end = ScanNumber(text, format.CommaMarksDecimals ? ',' : '.', out var scanned);
        if (end > 0)
        {
            number = scanned;
            return end == text.Length || Fail(out number);
        }

        switch (text)
        {
            case "?" or "NaN":
                special = float.NaN;
                return true;
            case "Infinity" or "\u221E":
                special = float.PositiveInfinity;
                return true;
            case "-Infinity" or "-\u221E":
                special = float.NegativeInfinity;
                return true;
            default:
                return false;
        }
    }

    private static bool Fail(out Scanned? number)
    {
        number = null;
        return false;
    }

    /// <summary>How many characters the number at the start of the text takes; 0 if there is none.</summary>
    private static int ScanNumber(ReadOnlySpan<char> text, char marker, out Scanned number)
    {
        int i = text[0] is '-' or '+' ? 1 : 0;
        bool negative = text[0] == '-';
        ulong mantissa = 0;
        long exponent = 0;
        int digits = 0;
        bool fraction = false;
        for (; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                digits++;
                if (mantissa < MantissaLimit)
                {
                    mantissa = (10 * mantissa) + (uint)(text[i] - '0');
                    exponent -= fraction ? 1 : 0;
                }
                else
                    exponent += fraction ? 0 : 1;
            }
            else if (text[i] == marker && !fraction)
                fraction = true;
            else
                break;
        }

        number = default;
        if (digits == 0)
            return 0;
        int end = i;
        if (i + 1 < text.Length && text[i] is 'e' or 'E')
        {
            int at = i + 1;
            bool down = text[at] == '-';
            if (text[at] is '-' or '+')
                at++;
            int firstDigit = at;
            long power = 0;
            for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
            {
                if (power < ExponentLimit)
                    power = (10 * power) + (text[at] - '0');
            }
            if (at > firstDigit)
            {
                exponent += down ? -power : power;
                end = at;
            }
        }

        number = new Scanned(negative, mantissa, exponent);
        return end;
    }

    private readonly record struct Scanned(bool Negative, ulong Mantissa, long Exponent)
    {
        // One rounding in double and one to single, as the real library does it.
        public float ToSingle()
        {
            double value;
            if (Mantissa == 0)
                value = 0;
            else if (Exponent >= Powers.Length)
                value = double.PositiveInfinity;
            else if (-Exponent >= NegativePowers.Length)
                value = 0;
            else
                value = Mantissa * (Exponent >= 0 ? Powers[Exponent] : NegativePowers[-Exponent]);
            return Negative ? -(float)value : (float)value;
        }

        public double ToDouble()
        {
            double value = Mantissa == 0 ? 0
                : double.Parse($"{Mantissa}e{Math.Clamp(Exponent, -100000, 100000)}", NumberStyles.Float, CultureInfo.InvariantCulture);
            return Negative ? -value : value;
        }
    }
}
