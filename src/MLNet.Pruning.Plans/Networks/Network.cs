using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>A compiled network: immutable, for any number of threads with a workspace each.</summary>
abstract unsafe class Network
{
    /// <summary>Numbers of a row.</summary>
    public abstract int InputWidth { get; }

    /// <summary>Numbers that are computed for a row.</summary>
    public abstract int OutputWidth { get; }

    /// <summary>The most rows that are computed at once.</summary>
    public abstract int BlockRows { get; }

    /// <summary>Whether a NaN in a row reaches all of its scores without help, as every sum has a term for every input.</summary>
    public virtual bool SpreadsNaN => false;

    /// <summary>The layers in the order in which they are computed.</summary>
    public abstract IEnumerable<PlanStep> Steps { get; }

    public abstract Workspace NewWorkspace();

    /// <summary>Computes rows.</summary>
    /// <param name="workspace">One of this network's, which no other thread uses meanwhile.</param>
    /// <param name="rows">[count x InputWidth]</param>
    /// <param name="count">1 to <see cref="BlockRows"/>.</param>
    /// <param name="scores">[count x OutputWidth]; written.</param>
    public abstract void Score(Workspace workspace, float* rows, int count, float* scores);
}

/// <summary>What a network is compiled from, beside its description and its weights.</summary>
/// <param name="Kernels">What to compute with.</param>
/// <param name="Choice">Which kernels computes layers.</param>
/// <param name="Output">What a classifier gives.</param>
/// <param name="Precision">What linear layers are computed in.</param>
sealed record CompileOptions(
    Kernels.KernelSet Kernels, KernelChoice Choice, ScoringOutput Output, ScoringPrecision Precision = ScoringPrecision.Float);
