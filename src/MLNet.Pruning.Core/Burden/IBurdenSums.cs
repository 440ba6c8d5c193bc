namespace MLNet.Pruning.Burden;

/// <summary>Sums of |gradient| and |weight| over the active weights of each neuron and over steps, until they are taken.</summary>
interface IBurdenSums : IDisposable
{
    /// <summary>Adds what the flat vectors hold in a range. Ranges that do not overlap may be added side by side.</summary>
    void Add(long from, long to);

    /// <summary>Gives the sums to <paramref name="gradients"/> and <paramref name="weights"/> by neuron, and begins anew.</summary>
    void Take(Span<double> gradients, Span<double> weights);
}
