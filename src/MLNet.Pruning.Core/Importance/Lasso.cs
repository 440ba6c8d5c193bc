namespace MLNet.Pruning.Importance;

/// <summary>
/// The LASSO in its normal form: minimizes 1/2 b'Gb - c'b + penalty * |b|_1, where G holds the products of all columns, divided by the
/// number of rows, and c those with what is to be explained. Coordinate descent.
/// </summary>
sealed class Lasso(double[,] products, double[] targets)
{
    const int MaximumSweeps = 10_000, Steps = 200, Halvings = 40;
    const double Precision = 1e-10;
    static readonly double ratio = Math.Pow(1e-6, 1.0 / Steps);

    readonly int count = targets.Length;

    /// <summary>From this penalty on, nothing is left.</summary>
    public double Largest { get; } = targets.Select(Math.Abs).DefaultIfEmpty().Max();

    /// <summary>The coefficients at a penalty.</summary>
    /// <param name="penalty">Above 0.</param>
    /// <param name="coefficients">Where to start; receives the solution.</param>
    public void Solve(double penalty, double[] coefficients)
    {
        var gradient = new double[count]; // c - Gb
        for (var i = 0; i < count; i++)
        {
            gradient[i] = targets[i];
            for (var k = 0; k < count; k++)
                gradient[i] -= products[i, k] * coefficients[k];
        }
        for (var sweep = 0; sweep < MaximumSweeps; sweep++)
        {
            var moved = 0.0;
            for (var i = 0; i < count; i++)
            {
                if (products[i, i] <= 0)
                    continue; // a column of zeros
                var alone = gradient[i] + products[i, i] * coefficients[i];
                var next = Math.Sign(alone) * Math.Max(0, Math.Abs(alone) - penalty) / products[i, i];
                var change = next - coefficients[i];
                if (change == 0)
                    continue;
                coefficients[i] = next;
                for (var k = 0; k < count; k++)
                    gradient[k] -= products[k, i] * change;
                moved = Math.Max(moved, Math.Abs(change) * Math.Sqrt(products[i, i]));
            }
            if (moved <= Precision * Math.Sqrt(Largest))
                return;
        }
    }

    /// <summary>
    /// The columns that are left at the smallest penalty that leaves no more than <paramref name="keep"/>; where several go at once, those
    /// with the largest coefficients right before stay.
    /// </summary>
    /// <param name="keep">At least 1.</param>
    /// <returns>As many columns as are to be kept, in ascending order.</returns>
    public int[] Keep(int keep)
    {
        var (low, high, bracketed) = (0.0, Largest, false);
        var (many, few) = (new double[count], new double[count]);
        for (var i = 0; i < Steps + Halvings && Largest > 0 && many.Count(b => b != 0) != keep; i++)
        {
            if (!bracketed && i >= Steps)
                break; // fewer columns say anything at all
            // In small steps from above: of columns that can replace each other, then only one comes in.
            var penalty = bracketed ? (low + high) / 2 : high * ratio;
            var tried = (double[])few.Clone();
            Solve(penalty, tried);
            if (tried.Count(b => b != 0) >= keep)
                (low, many, bracketed) = (penalty, tried, true);
            else
                (high, few) = (penalty, tried);
        }
        return [.. Enumerable.Range(0, count).OrderByDescending(i => few[i] != 0).ThenByDescending(i => Math.Abs(many[i])).ThenBy(i => i)
            .Take(keep).Order()];
    }

    /// <summary>
    /// For each column, the largest penalty at which it has a coefficient: the penalties are tried in 200 equal factors from the largest
    /// to a millionth of it. Of columns between the same two, those with the larger coefficients have the larger values; 0 for columns that
    /// never have one.
    /// </summary>
    public double[] Entries()
    {
        var (entries, coefficients) = (new double[count], new double[count]);
        var before = Largest;
        for (var step = 1; step <= Steps && before > 0; step++)
        {
            var penalty = Largest * Math.Pow(ratio, step);
            Solve(penalty, coefficients);
            var entered = Enumerable.Range(0, count).Where(i => entries[i] == 0 && coefficients[i] != 0).ToArray();
            var largest = entered.Select(i => Math.Abs(coefficients[i])).DefaultIfEmpty().Max();
            foreach (var i in entered)
                entries[i] = penalty + (before - penalty) * 0.999 * Math.Abs(coefficients[i]) / largest;
            before = penalty;
        }
        return entries;
    }
}
