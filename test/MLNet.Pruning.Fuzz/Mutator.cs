using System.Buffers.Binary;
using System.Text;

namespace MLNet.Pruning.Fuzz;

/// <summary>Changes files at random. The same seed gives the same changes.</summary>
sealed class Mutator(int seed)
{
    static readonly long[] Numbers =
    [
        0, 1, -1, 2, 7, 255, 256, 4096, 65_535, 65_536, 1 << 24, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40,
        long.MaxValue, long.MinValue,
    ];

    static readonly string[] Texts =
        ["-1", "0", "1", "1e9", "65536", "30000", "2147483647", "99999999999", "0.5", "1e-320", "NaN", "null", "{}", "[]", "\"\"", "true"];

    readonly Random random = new(seed);

    /// <summary>A number from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => random.Next(limit);

    /// <summary>A copy with one to three changes.</summary>
    public byte[] Change(byte[] content)
    {
        for (int changes = 1 + Below(3); changes > 0; changes--)
            content = Once(content);
        return content;
    }

    byte[] Once(byte[] content)
    {
        if (content.Length == 0)
            return [(byte)Below(256)];
        int at = Below(content.Length), length = 1 + Below(Math.Min(64, content.Length - at)), to = Below(content.Length + 1);
        switch (Below(9))
        {
            case 0: // cut short
                return content[..at];
            case 1: // a piece is missing
                return [.. content[..at], .. content[(at + length)..]];
            case 2: // a piece is there twice
                return [.. content[..to], .. content[at..(at + length)], .. content[to..]];
            case 3: // something at the end
                return [.. content, .. content[at..]];
            case 4:
            case 5: // another number in a text
                int digit = Array.FindIndex(content, at, b => b is >= (byte)'0' and <= (byte)'9');
                int end = digit < 0 ? -1 : Array.FindIndex(content, digit, b => b is not (>= (byte)'0' and <= (byte)'9'));
                return end < 0 ? Number(content, at) : [.. content[..digit], .. Encoding.UTF8.GetBytes(Texts[Below(Texts.Length)]), .. content[end..]];
            case 6: // another binary number
                return Number(content, at);
            default:
                byte[] changed = [.. content];
                changed[at] = Below(2) == 0 ? (byte)Below(256) : (byte)(changed[at] ^ (1 << Below(8)));
                return changed;
        }
    }

    byte[] Number(byte[] content, int at)
    {
        byte[] changed = [.. content], bytes = new byte[8];
        long number = Numbers[Below(Numbers.Length)];
        int width = 2 << Below(3);
        if (Below(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        else
            BinaryPrimitives.WriteInt64BigEndian(bytes, number << (64 - (8 * width)));
        bytes.AsSpan(0, Math.Min(width, changed.Length - at)).CopyTo(changed.AsSpan(at));
        return changed;
    }
}
