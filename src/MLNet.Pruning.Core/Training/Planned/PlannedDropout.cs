using System.Numerics;
using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Training;

/// <summary>
/// The random numbers of a step's rows. They depend on the run's seed, the step and the row's number in it alone: not on the number of
/// replicas, nor on an interruption.
/// </summary>
/// <param name="Seed">The seed of the run.</param>
/// <param name="Step">The step of the run.</param>
/// <param name="Row">The number of the first row.</param>
readonly record struct RowDraws(int Seed, long Step, int Row)
{
    const double Unit = 1.0 / (1L << 53);

    public RowDraws After(int rows) => this with { Row = Row + rows };

    /// <summary>A number for one of the rows and a place in the network.</summary>
    public ulong Key(int row, int place) => Of(row, place).Next();

    ShuffleRandom Of(int row, int place) => new(((long)Seed << 32) ^ Step, ((long)(Row + row) << 32) ^ place);

    /// <summary>Draws of the standard normal distribution for one of the rows (Box and Muller, 1958).</summary>
    public void Normal(int row, Span<float> draws)
    {
        var random = Of(row, int.MaxValue);
        for (int i = 0; i < draws.Length; i += 2)
        {
            // From above 0 to 1, as its logarithm is taken.
            double radius = Math.Sqrt(-2 * Math.Log(((random.Next() >> 11) + 1) * Unit)), angle = (random.Next() >> 11) * Unit;
            var (sine, cosine) = Math.SinCos(2 * Math.PI * angle);
            draws[i] = (float)(radius * cosine);
            if (i + 1 < draws.Length)
                draws[i + 1] = (float)(radius * sine);
        }
    }
}

/// <summary>
/// Dropout without memory: whether a value is kept follows from its row's key and its place in the row, so backward drops the same ones.
/// </summary>
sealed unsafe class PlannedDropout(double rate, int place)
{
    readonly uint threshold = (uint)Math.Min(uint.MaxValue, rate * (1L << 32));
    readonly float scale = (float)(1 / (1 - rate));

    /// <summary>Drops values, and scales up the others.</summary>
    /// <param name="draws">The random numbers of the rows.</param>
    /// <param name="x">The values. Each row of the step has as many rows of them as it has tokens.</param>
    /// <param name="rows">The rows of the step.</param>
    /// <param name="tokens">The tokens of a row.</param>
    /// <param name="y">Where they go; may be x.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(RowDraws draws, PlanRows x, int rows, int tokens, PlanRows y)
    {
        int length = (int)x.Stride;
        for (int row = 0; row < rows; row++)
        {
            ulong key = draws.Key(row, place);
            for (int token = 0; token < tokens; token++)
                Apply(Mixed((uint)key + ((uint)token * (uint)(key >> 32 | 1))), x.Row(((long)row * tokens) + token),
                    y.Row(((long)row * tokens) + token), length);
        }
    }

    // Whole vectors of any width: a value's bits are its own.
    void Apply(uint key, float* from, float* to, int length)
    {
        var (limit, factor) = (new Vector<uint>(threshold), new Vector<float>(scale));
        var places = Vector<uint>.Indices;
        int i = 0;
        for (; i <= length - Vector<uint>.Count; i += Vector<uint>.Count, places += new Vector<uint>((uint)Vector<uint>.Count))
        {
            var kept = Vector.GreaterThanOrEqual(Mixed((places * Golden) + new Vector<uint>(key)), limit);
            Vector.ConditionalSelect(kept.As<uint, float>(), Vector.Load(from + i) * factor, Vector<float>.Zero).Store(to + i);
        }
        for (; i < length; i++)
            to[i] = Mixed(((uint)i * Golden) + key) >= threshold ? from[i] * scale : 0;
    }

    const uint Golden = 0x9E3779B1;

    // The end of MurmurHash3 (Appleby): every bit of the result depends on every bit of the number.
    static uint Mixed(uint x)
    {
        x = (x ^ (x >> 16)) * 0x85EBCA6B;
        x = (x ^ (x >> 13)) * 0xC2B2AE35;
        return x ^ (x >> 16);
    }

    static Vector<uint> Mixed(Vector<uint> x)
    {
        x = (x ^ (x >>> 16)) * 0x85EBCA6B;
        x = (x ^ (x >>> 13)) * 0xC2B2AE35;
        return x ^ (x >>> 16);
    }
}
