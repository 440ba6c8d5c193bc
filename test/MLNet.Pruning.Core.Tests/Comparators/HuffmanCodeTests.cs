using MLNet.Pruning.Comparators;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass]
public sealed class HuffmanCodeTests
{
    [TestMethod]
    public void No_prefix_code_takes_fewer_bits()
    {
        var random = new Random(1);
        for (var round = 0; round < 60; round++)
        {
            var counts = Enumerable.Range(0, random.Next(2, 7)).Select(_ => (long)random.Next(1, round % 2 == 0 ? 5 : 100)).ToArray();
            Assert.AreEqual(Fewest(counts, 0, 1), HuffmanCode.For(counts).Bits(counts), string.Join(", ", counts));
        }
    }

    // All lengths that Kraft's inequality allows, symbol by symbol.
    static long Fewest(long[] counts, int symbol, double left)
    {
        if (symbol == counts.Length)
            return 0;
        var fewest = long.MaxValue / 2;
        for (var length = 1; length < counts.Length; length++)
            if (left - Math.Pow(2, -length) >= 0)
                fewest = Math.Min(fewest, counts[symbol] * length + Fewest(counts, symbol + 1, left - Math.Pow(2, -length)));
        return fewest;
    }

    [TestMethod]
    public void The_mean_length_is_within_a_bit_of_the_entropy_and_the_code_is_complete()
    {
        var random = new Random(2);
        for (var round = 0; round < 50; round++)
        {
            var counts = Enumerable.Range(0, random.Next(2, 300)).Select(_ => (long)Math.Pow(random.NextDouble() * 10, random.Next(1, 5))).Append(1).Append(3).ToArray();
            var code = HuffmanCode.For(counts);
            double total = counts.Sum(), entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log2(c / total)), mean = code.Bits(counts) / total;
            Assert.IsGreaterThanOrEqualTo(entropy - 1e-9, mean);
            Assert.IsLessThan(entropy + 1, mean);
            Assert.AreEqual(1, code.Lengths.Where(length => length >= 0).Sum(length => Math.Pow(2, -length)), 0);
            CollectionAssert.AreEqual(counts.Select(c => c > 0).ToArray(), code.Lengths.Select(length => length >= 0).ToArray());
        }
    }

    [TestMethod]
    public void What_was_written_is_read_again()
    {
        var random = new Random(3);
        foreach (var symbols in new[] { 1, 2, 3, 17, 256 })
        {
            var message = Enumerable.Range(0, 2_000).Select(_ => (int)(Math.Pow(random.NextDouble(), 3) * symbols)).ToArray();
            var counts = new long[symbols + 2];
            foreach (var symbol in message)
                counts[symbol]++;
            var code = HuffmanCode.For(counts);
            var writer = new BitWriter();
            code.Write(writer);
            foreach (var symbol in message)
                code.Encode(symbol, writer);
            var bytes = writer.ToArray();
            Assert.AreEqual((counts.Length * 6 + code.Bits(counts) + 7) / 8, bytes.Length);
            var reader = new BitReader(bytes, 0);
            var again = HuffmanCode.Read(reader, counts.Length);
            CollectionAssert.AreEqual(code.Lengths.ToArray(), again.Lengths.ToArray());
            CollectionAssert.AreEqual(message, message.Select(_ => again.Decode(reader)).ToArray());
            reader.End();
        }
    }

    [TestMethod]
    public void Lengths_that_are_no_complete_code_are_refused()
    {
        foreach (var lengths in new int[][] { [1, 2], [1, 1, 1], [2, 2, 2], [0, 1], [63, 63], [61], [0, 0] })
        {
            var writer = new BitWriter();
            foreach (var length in lengths)
                writer.Write((ulong)length, 6);
            Assert.ThrowsExactly<InvalidDataException>(() => HuffmanCode.Read(new(writer.ToArray(), 0), lengths.Length), string.Join(", ", lengths));
        }
        Assert.Throws<ArgumentException>(() => HuffmanCode.For([0, 0]));
        Assert.Throws<ArgumentException>(() => HuffmanCode.For([1, -1]));
    }

    [TestMethod]
    public void Codes_as_long_as_Fibonacci_makes_them_still_work()
    {
        var counts = new long[50];
        (counts[0], counts[1]) = (1, 1);
        for (var i = 2; i < counts.Length; i++)
            counts[i] = counts[i - 1] + counts[i - 2];
        var code = HuffmanCode.For(counts);
        Assert.AreEqual(49, code.Lengths.Max());
        var writer = new BitWriter();
        for (var symbol = 0; symbol < 50; symbol++)
            code.Encode(symbol, writer);
        var reader = new BitReader(writer.ToArray(), 0);
        for (var symbol = 0; symbol < 50; symbol++)
            Assert.AreEqual(symbol, code.Decode(reader));
    }
}
