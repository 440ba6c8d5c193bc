using System.Numerics;
using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>The range of each slot. A slot that a sparse vector leaves out is zero; what is not a number is in no range.</summary>
internal sealed class MinMaxStatistics<T>(int size)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly long[] _stored = new long[size];
    private long _rows;

    public T[] Minimum { get; } = [.. Enumerable.Repeat(T.PositiveInfinity, size)];

    public T[] Maximum { get; } = [.. Enumerable.Repeat(T.NegativeInfinity, size)];

    public void Add(in VBuffer<T> row)
    {
        _rows++;
        var values = row.GetValues();
        var indices = row.GetIndices();
        for (int i = 0; i < values.Length; i++)
        {
            int slot = row.IsDense ? i : indices[i];
            _stored[slot]++;
            Add(slot, values[i]);
        }
    }

    public void Finish()
    {
        for (int slot = 0; slot < _stored.Length; slot++)
        {
            if (_stored[slot] < _rows)
                Add(slot, T.Zero);
        }
    }

    private void Add(int slot, T value)
    {
        if (Maximum[slot] < value)
            Maximum[slot] = value;
        if (Minimum[slot] > value)
            Minimum[slot] = value;
    }
}

/// <summary>The mean and the sum of squared deviations of each slot, in one pass (Welford). Zeros are added all at once at the end.</summary>
internal sealed class MeanVarianceStatistics<T>(int size, bool useLog)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly long[] _notFinite = new long[size];
    private long _rows;

    public long[] Count { get; } = new long[size];

    public double[] Mean { get; } = new double[size];

    public double[] SquaredDeviations { get; } = new double[size];

    public void Add(in VBuffer<T> row)
    {
        _rows++;
        var values = row.GetValues();
        var indices = row.GetIndices();
        for (int i = 0; i < values.Length; i++)
            Add(row.IsDense ? i : indices[i], values[i]);
    }

    // Logarithms have no zeros: there rows without a value do not count.
    public void Finish()
    {
        for (int slot = 0; slot < size && !useLog; slot++)
        {
            long zeros = _rows - _notFinite[slot] - Count[slot];
            if (zeros == 0)
                continue;
            Count[slot] += zeros;
            double delta = -Mean[slot];
            Mean[slot] += delta * zeros / Count[slot];
            SquaredDeviations[slot] += delta * -Mean[slot] * zeros;
        }
    }

    public double Variance(int slot) => SquaredDeviations[slot] / Count[slot];

    private void Add(int slot, T original)
    {
        if (original == T.Zero)
            return;
        var value = useLog ? T.CreateTruncating(Math.Log(double.CreateTruncating(original))) : original;
        if (!T.IsFinite(value))
        {
            _notFinite[slot]++;
            return;
        }
        Count[slot]++;
        double x = double.CreateTruncating(value);
        double delta = x - Mean[slot];
        Mean[slot] += delta / Count[slot];
        SquaredDeviations[slot] += delta * (x - Mean[slot]);
    }
}
