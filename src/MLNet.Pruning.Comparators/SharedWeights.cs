using System.Buffers.Binary;

namespace MLNet.Pruning.Comparators;

/// <summary>A layer's weights as they are stored: which are not zero, and the shared value of each.</summary>
/// <param name="Name">The parameter's name, such as "features.conv1.weight".</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">The shared values.</param>
/// <param name="Codes">The index of each weight's value, in memory order; -1 for zero.</param>
/// <param name="IndexBits">
/// The bits of a distance between weights that are not zero, without Huffman coding; longer distances are bridged.
/// </param>
public sealed record SharedWeights(string Name, IReadOnlyList<long> Shape, IReadOnlyList<float> Values, IReadOnlyList<short> Codes,
    int IndexBits)
{
    internal const int MaximumIndexBits = 12, MaximumValues = 1 << 12;

    /// <summary>The weights, in memory order.</summary>
    public float[] Decode()
    {
        float[] values = [.. Values];
        return Array.ConvertAll(CodeArray, code => code < 0 ? 0f : values[code]);
    }

    // An interface call for each of millions of weights would take a second.
    short[] CodeArray => Codes as short[] ?? [.. Codes];

    int Bridge => (1 << IndexBits) - 1;

    int HeaderBytes => 8 + 8 * Shape.Count + 4 + 4 * Values.Count + 8;

    /// <summary>The size of the encoded layer and of its parts.</summary>
    internal CompressedLayer Report()
    {
        var (codeCounts, gapCounts) = Counts();
        var kept = codeCounts.Sum();
        long codeBits = 0, gapBits = 0, tableBits = 0;
        if (kept > 0)
        {
            (codeBits, gapBits) = (HuffmanCode.For(codeCounts).Bits(codeCounts), HuffmanCode.For(gapCounts).Bits(gapCounts));
            tableBits = HuffmanCode.TableBits(codeCounts.Length) + HuffmanCode.TableBits(gapCounts.Length);
        }
        var fixedBits = kept * BitsFor(Values.Count) + gapCounts.Sum() * IndexBits;
        return new(Name, [.. Shape], Codes.Count, kept, Values.Count, codeBits, gapBits, fixedBits,
            HeaderBytes + (tableBits + codeBits + gapBits + 7) / 8);
    }

    /// <summary>How often each value and each distance occurs.</summary>
    (long[] Codes, long[] Gaps) Counts()
    {
        var (codeCounts, gapCounts) = (new long[Math.Max(1, Values.Count)], new long[Bridge + 1]);
        foreach (var (gap, code) in Entries())
        {
            gapCounts[Bridge] += gap / Bridge;
            gapCounts[gap % Bridge]++;
            if (code >= 0)
                codeCounts[code]++;
        }
        return (codeCounts, gapCounts);
    }

    /// <summary>Encodes the layer.</summary>
    internal byte[] Encode()
    {
        var (codeCounts, gapCounts) = Counts();
        var kept = codeCounts.Sum();
        var header = new byte[HeaderBytes];
        var at = 0;
        Int32(IndexBits);
        Int32(Shape.Count);
        foreach (var extent in Shape)
            Int64(extent);
        Int32(Values.Count);
        foreach (var value in Values)
            Int32(BitConverter.SingleToInt32Bits(value));
        Int64(kept);
        var writer = new BitWriter();
        if (kept > 0)
        {
            var (codes, gaps) = (HuffmanCode.For(codeCounts), HuffmanCode.For(gapCounts));
            codes.Write(writer);
            gaps.Write(writer);
            foreach (var (gap, code) in Entries())
            {
                for (var far = gap / Bridge; far > 0; far--)
                    gaps.Encode(Bridge, writer);
                gaps.Encode(gap % Bridge, writer);
                if (code >= 0)
                    codes.Encode(code, writer);
            }
        }
        return [.. header, .. writer.ToArray()];

        void Int32(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(at), value);
            at += 4;
        }

        void Int64(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(at), value);
            at += 8;
        }
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="bytes">The encoded weights.</param>
    /// <param name="left">The number of weights that the file may still have; reduced by this layer's.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal static SharedWeights Read(string name, byte[] bytes, ref long left)
    {
        var at = 0;
        int indexBits = Int32(), dimensions = Int32();
        Require(indexBits is >= 1 and <= MaximumIndexBits && dimensions is >= 1 and <= 8);
        var shape = new long[dimensions];
        Int128 count = 1;
        for (var d = 0; d < dimensions; d++)
        {
            Require((shape[d] = Int64()) > 0);
            // Few bits may stand for many weights: none at all, if all of them are equal.
            if ((count *= shape[d]) > Math.Min(left, Array.MaxLength))
                throw new InvalidDataException(
                    $"The compressed weights '{name}' are {count} or more; a file of this size can have {left}.");
        }
        left -= (long)count;
        var values = new float[Checked(Int32(), MaximumValues)];
        for (var k = 0; k < values.Length; k++)
            Require(float.IsFinite(values[k] = BitConverter.Int32BitsToSingle(Int32())));
        var kept = Int64();
        Require(kept >= 0 && kept <= count && (kept > 0) == (values.Length > 0));
        var reader = new BitReader(bytes, at);
        var codes = new short[(int)count];
        Array.Fill(codes, (short)-1);
        if (kept > 0)
        {
            int bridge = (1 << indexBits) - 1;
            var (ofValues, ofGaps) = (HuffmanCode.Read(reader, values.Length), HuffmanCode.Read(reader, bridge + 1));
            long place = 0;
            for (; kept > 0; kept--)
            {
                Pass(ref place);
                Require(place < count);
                codes[place++] = (short)ofValues.Decode(reader);
            }
            Pass(ref place);
            Require(place == count);

            void Pass(ref long place)
            {
                int gap;
                do
                {
                    place += gap = ofGaps.Decode(reader);
                    Require(place <= count); // bridges of no bits would have no end
                }
                while (gap == bridge);
            }
        }
        reader.End();
        return new(name, shape, values, codes, indexBits);

        int Int32()
        {
            Require(bytes.Length - at >= 4);
            return BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((at += 4) - 4));
        }

        long Int64()
        {
            Require(bytes.Length - at >= 8);
            return BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((at += 8) - 8));
        }

        int Checked(int number, int maximum)
        {
            Require(number >= 0 && number <= maximum);
            return number;
        }

        void Require(bool holds)
        {
            if (!holds)
                throw new InvalidDataException($"The compressed weights '{name}' are damaged.");
        }
    }

    internal static int BitsFor(int values) => values <= 1 ? 0 : 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)values - 1);

    // The number of zeros before each weight that is not zero, and its code; finally the zeros after the last one, with a code of -1.
    IEnumerable<(int Gap, int Code)> Entries()
    {
        var (codes, last) = (CodeArray, -1);
        for (var i = 0; i < codes.Length; i++)
        {
            if (codes[i] < 0)
                continue;
            yield return (i - last - 1, codes[i]);
            last = i;
        }
        yield return (codes.Length - last - 1, -1);
    }
}

/// <summary>The compression of a layer's weights.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Weights">The number of weights.</param>
/// <param name="Kept">The number of weights that are not zero.</param>
/// <param name="Values">The number of shared values.</param>
/// <param name="CodeBits">The bits for the values of weights.</param>
/// <param name="IndexBits">The bits for the positions of weights.</param>
/// <param name="FixedBits">The bits for both without Huffman coding.</param>
/// <param name="Bytes">The size of the layer in the file: both, the shared values, and the tables of the codes.</param>
public sealed record CompressedLayer(string Name, IReadOnlyList<long> Shape, long Weights, long Kept, int Values, long CodeBits,
    long IndexBits, long FixedBits, long Bytes);
