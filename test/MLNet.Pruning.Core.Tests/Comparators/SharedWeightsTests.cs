using FsCheck;
using FsCheck.Fluent;
using MLNet.Pruning.Comparators;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass]
public sealed class SharedWeightsTests
{
    static SharedWeights Read(byte[] bytes)
    {
        long left = 1 << 20;
        return SharedWeights.Read("w", bytes, ref left);
    }

    [TestMethod]
    public void Any_weights_come_back_bit_for_bit() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int Seed, byte Length, byte Values, byte Bits, byte Sparsity)>(),
        x =>
        {
            var random = new Random(x.Seed);
            int length = x.Length * 5 + 1, values = 1 + x.Values % 40, bits = 1 + x.Bits % 12;
            var codes = Enumerable.Range(0, length).Select(_ => (short)(random.Next(256) < x.Sparsity ? -1 : random.Next(values))).ToArray();
            if (codes.All(code => code < 0))
                values = 0;
            var weights = new SharedWeights("w", [length, 1], [.. Enumerable.Range(0, values).Select(_ => random.NextSingle() - 0.5f)], codes, bits);
            var (bytes, report) = (weights.Encode(), weights.Report());
            var again = Read(bytes);
            CollectionAssert.AreEqual(codes, again.Codes.ToArray());
            CollectionAssert.AreEqual(weights.Values.ToArray(), again.Values.ToArray());
            CollectionAssert.AreEqual(weights.Decode().Select(BitConverter.SingleToInt32Bits).ToArray(), again.Decode().Select(BitConverter.SingleToInt32Bits).ToArray());
            Assert.AreEqual(codes.Count(code => code >= 0), report.Kept);
            Assert.AreEqual(bytes.Length, report.Bytes);
            Assert.IsGreaterThanOrEqualTo(report.CodeBits + report.IndexBits, report.FixedBits);
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void The_sizes_are_those_counted_by_hand()
    {
        // Distances of 0, 5 and 1 zeros: with 2 bits, 3 zeros are one bridge, so the symbols are 0 | bridge, 2 | 1, and 1 behind the last. Codes 1, 0, 1.
        var weights = new SharedWeights("w", [10], [0.5f, -2], [1, -1, -1, -1, -1, -1, 0, -1, 1, -1], 2);
        var (bytes, report) = (weights.Encode(), weights.Report());
        // Three distance symbols come once and one twice: 10 bits, however they are coded. Two values: 1 bit each.
        Assert.AreEqual(10, report.IndexBits);
        Assert.AreEqual(3, report.CodeBits);
        Assert.AreEqual(5 * 2 + 3 * 1, report.FixedBits);
        // Two numbers, a dimension, a count, two values, a count; then the lengths of 2 + 4 symbols at 6 bits, and the bits themselves.
        Assert.AreEqual(4 + 4 + 8 + 4 + 8 + 8 + (6 * 6 + 13 + 7) / 8, bytes.Length);
    }

    [TestMethod]
    [DataRow(1L << 21)]
    [DataRow(1L << 30)]
    [DataRow(1L << 62)]
    public void Weights_of_which_no_bit_tells_are_no_more_than_the_file_allows(long count)
    {
        // All of them zero, and, in more dimensions, so many that their product overflows.
        foreach (long[] shape in (long[][])[[count], [count, 1L << 62, 1L << 62, 4]])
        {
            using var stream = new MemoryStream();
            using (var writer = new BinaryWriter(stream))
            {
                writer.Write(4);
                writer.Write(shape.Length);
                foreach (long extent in shape)
                    writer.Write(extent);
                writer.Write(0);
                writer.Write(0L);
            }
            long before = GC.GetAllocatedBytesForCurrentThread();
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Read(stream.ToArray())).Message, "a file of this size");
            Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [TestMethod]
    public void Bytes_that_are_damaged_are_refused_or_still_weights_of_that_shape()
    {
        var random = new Random(5);
        var bytes = new SharedWeights("w", [6, 20], [0.25f, -0.5f, 1, 3], [.. Enumerable.Range(0, 120).Select(_ => (short)Math.Max(-1, random.Next(-8, 4)))], 3).Encode();
        var refused = 0;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            refused += Refuses(damaged) ? 1 : 0;
        }
        Assert.IsGreaterThan(bytes.Length * 2, refused);
        for (var length = 0; length < bytes.Length; length++)
            Assert.IsTrue(Refuses(bytes[..length]), $"{length} bytes");
        Assert.IsTrue(Refuses([.. bytes, 0]));

        static bool Refuses(byte[] bytes)
        {
            try
            {
                var weights = Read(bytes);
                Assert.HasCount((int)weights.Shape.Aggregate(1L, (product, extent) => product * extent), weights.Decode());
                return false;
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }
    }
}
