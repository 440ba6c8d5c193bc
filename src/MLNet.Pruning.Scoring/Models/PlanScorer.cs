using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>A TorchSharp module of a network. The plan that scores the network follows its weights.</summary>
interface IFollowedModule : IDisposable
{
    /// <summary>Whether the module was called with gradients enabled, so that its weights may have changed.</summary>
    bool MayHaveLearned { get; }

    /// <summary>The module's network now; null if it equals the given one bit for bit.</summary>
    Archive? Changed(Archive network);
}

/// <summary>
/// Scores a network of this library with a plan: without LibTorch, on any number of threads. Once somebody has asked for the module, its
/// weights count: after it was called with gradients, each scoring first compares them with those of the plan.
/// </summary>
sealed class PlanScorer : IModelScorer
{
    // Batches of at least this many rows use several threads. So many rows of a small transformer take about a tenth of a millisecond.
    const int ManyRows = 32;

    readonly Lock gate = new();
    readonly ScoredModel model;
    readonly KernelChoice kernels;
    Archive network;
    volatile ScoringPlan plan;
    volatile IFollowedModule? module;
    volatile bool disposed;

    /// <param name="network">The network.</param>
    /// <param name="model">Everything about the model but its network.</param>
    /// <param name="environment">The MLContext, which knows the user's modules.</param>
    /// <exception cref="InvalidDataException">The network's tensors are not those that its blueprint wants.</exception>
    public PlanScorer(Archive network, ScoredModel model, IHostEnvironment environment)
    {
        (this.network, this.model, Environment) = (network, model, environment);
        kernels = NetworkPart.Scoring(network, model.What) switch
        {
            SparseScoring.Dense => KernelChoice.Dense,
            SparseScoring.Sparse => KernelChoice.Sparse,
            _ => KernelChoice.Rule,
        };
        plan = Compile(network);
    }

    public IHostEnvironment Environment { get; }

    public Archive Network
    {
        get
        {
            Refresh();
            return network;
        }
    }

    public IReadOnlyList<PlanStep> Layers => plan.Steps;

    public string? PlanFailure => null;

    /// <summary>The module that the plan follows; built on first use.</summary>
    public IFollowedModule Follow(Func<Archive, IFollowedModule> build)
    {
        lock (gate)
        {
            ThrowIfDisposed();
            return module ??= build(network);
        }
    }

    public ScoringSpeed Measure()
    {
        ThrowIfDisposed();
        return ScoringSpeed.Measure([plan])[0];
    }

    public void Score(ReadOnlySpan<float> features, int rows, Span<float> output)
    {
        ThrowIfDisposed();
        if (module is { MayHaveLearned: true })
            Refresh();
        model.Check(features);
        plan.Score(features, output, rows < ManyRows ? 1 : 0);
    }

    public void Refresh()
    {
        lock (gate)
        {
            ThrowIfDisposed();
            if (module?.Changed(network) is not { } changed)
                return;
            plan = Compile(changed);
            network = changed;
        }
    }

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(disposed, model.Owner);

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            module?.Dispose();
            module = null;
        }
    }

    ScoringPlan Compile(Archive network)
    {
        try
        {
            var weights = SavedNetwork.Tensors(network, model.What);
            var plan = ScoringPlan.Compile(
                model.Describe(network)!, weights, new CompileOptions(KernelSet.Here, kernels, model.Output));
            return plan.OutputWidth == model.Outputs
                ? plan
                : throw new InvalidDataException($"{model.What} computes {plan.OutputWidth} numbers of a row; wanted {model.Outputs}.");
        }
        catch (ArgumentException failure)
        {
            throw new InvalidDataException($"{model.What} is of another model: {failure.Message}", failure);
        }
    }
}
