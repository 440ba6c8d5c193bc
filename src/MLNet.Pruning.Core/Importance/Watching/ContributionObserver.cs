using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>Takes shares in the weighted sums of every layer that reads a group, once a layer, and puts them together by group.</summary>
sealed class ContributionObserver : IImportanceObserver
{
    readonly Contribution criterion;
    readonly NeuronMap map;
    readonly ReaderShares[] shares;
    readonly ForwardWatch watch;
    string? failure;

    public ContributionObserver(Contribution criterion, NeuronMap map, int threads)
    {
        (this.criterion, this.map) = (criterion, map);
        var readers = Reader.Of(map);
        shares = [.. readers.Select(r => new ReaderShares(r, criterion.Mode, threads))];
        var byReader = readers.Zip(shares).ToDictionary(r => r.First, r => r.Second);
        watch = new ForwardWatch(readers, (reader, input) => Observe(byReader[reader], input));
    }

    void Observe(ReaderShares seen, Tensor input)
    {
        if (failure is not null)
            return;
        try
        {
            seen.Observe(input);
        }
        catch (ArgumentException e)
        {
            // If training has diverged, the loss says so better; if not, the scores will.
            failure = $"{seen.Reader.Layer.Label}: {e.Message}";
        }
    }

    public void Add(IImportanceObserver other)
    {
        if (other is not ContributionObserver alike || alike.shares.Length != shares.Length || alike.criterion != criterion)
            throw Criterion.NotAlike(this, other);
        failure ??= alike.failure;
        for (var i = 0; i < shares.Length; i++)
            shares[i].Accumulator.Add(alike.shares[i].Accumulator);
    }

    public IReadOnlyList<double[]> Scores()
    {
        if (failure is not null)
            throw new InvalidOperationException(failure);
        if (shares.All(s => s.Accumulator.Denominators == 0))
            throw new InvalidOperationException("No batch was observed, so there are no contributions to score. Did the model run in training, with gradients recorded?");
        return [.. Enumerable.Range(0, map.Groups.Count).Select(Of)];
    }

    // Several readers: their weighted sums are one row of many. A neuron that one of them does not read has no share there.
    double[] Of(int group)
    {
        var size = map.Groups[group].Size;
        var (sums, maxima, denominators) = (new double[size], new double[size], 0.0);
        Array.Fill(maxima, double.NegativeInfinity);
        var read = false;
        foreach (var reader in shares)
            foreach (var slots in reader.SlotsOf(group))
            {
                read = true;
                var accumulator = reader.Accumulator;
                if (accumulator.Denominators == 0)
                    continue; // It was not called.
                denominators += accumulator.Denominators;
                for (var n = 0; n < size; n++)
                {
                    sums[n] += slots[n] < 0 ? 0 : accumulator.Sum(slots[n]);
                    maxima[n] = Math.Max(maxima[n], slots[n] < 0 ? 0 : accumulator.Largest(slots[n]));
                }
            }
        return [.. sums.Select((sum, n) => !read ? double.NaN : denominators == 0 ? 0 : criterion.Average * sum / denominators + criterion.Maximum * maxima[n])];
    }

    public void Dispose() => watch.Dispose();
}
