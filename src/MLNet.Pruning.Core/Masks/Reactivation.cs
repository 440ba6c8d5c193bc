namespace MLNet.Pruning;

/// <summary>What happens to a weight while its mask is off.</summary>
public enum Reactivation
{
    /// <summary>It goes on learning from the gradient of the weight that the network sees in its place (0), and comes back with what it has learnt.</summary>
    Persistent,

    /// <summary>It stays as it was when it was switched off: no gradient, momentum or weight decay moves it.</summary>
    Frozen,
}
