namespace MLNet.Pruning;

/// <summary>Among which neurons the least important are looked for.</summary>
public enum PruningScope
{
    /// <summary>Within each group: each loses the same part of its neurons.</summary>
    PerGroup,

    /// <summary>In one ranking over all groups: those with little to lose keep more.</summary>
    Global,
}
