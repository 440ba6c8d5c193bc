using MLNet.Pruning.Models;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Networks;
using MLNet.Pruning.Plans.Steps;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Throws for rows that a model does not take.</summary>
delegate void RowCheck(ReadOnlySpan<float> features);

/// <summary>
/// Scores a network of this library by a plan: no LibTorch, any number of threads. The module in TorchSharp is built when somebody asks for
/// it. From then on the weights are the module's: once it was called with gradients, as it is when it learns, each scoring first compares
/// them with those of the plan.
/// </summary>
sealed class PlanScorer : IModelScorer
{
    // Rows from which several threads share a batch: about a tenth of a millisecond of a small transformer.
    const int ManyRows = 32;

    readonly Lock gate = new();
    readonly ModelScorers model;
    Archive tensors;
    volatile ScoringPlan plan;
    nn.Module? module;
    volatile bool mayHaveLearned, disposed;

    /// <param name="blueprint">What the network is made of.</param>
    /// <param name="tensors">An archive with its tensors.</param>
    /// <param name="model">What is known of it besides.</param>
    /// <param name="scoring">How sparse layers are computed.</param>
    /// <exception cref="InvalidDataException">The tensors are not those of the network.</exception>
    public PlanScorer(Blueprint blueprint, Archive tensors, ModelScorers model, SparseScoring scoring)
    {
        (Blueprint, this.tensors, this.model, Scoring) = (blueprint, tensors, model, scoring);
        plan = Compile();
    }

    public Blueprint Blueprint { get; private set; }

    public SparseScoring Scoring { get; }

    public IReadOnlyList<ScoringRecord> Layers =>
        [.. plan.Steps.Select(s => new ScoringRecord { Layer = s.Layer, Kernel = s.Kernel, Inputs = s.Inputs, Outputs = s.Outputs, Density = s.Density })];

    public nn.Module Module
    {
        get
        {
            lock (gate)
            {
                ThrowIfDisposed();
                return module ??= Build();
            }
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
        if (mayHaveLearned)
            Refresh();
        model.Check?.Invoke(features);
        plan.Score(features, output, rows < ManyRows ? 1 : 0);
    }

    public void Refresh()
    {
        lock (gate)
        {
            ThrowIfDisposed();
            if (module is null || ModuleState.Holds(tensors, module))
                return;
            Blueprint = Blueprint.Now(module);
            tensors = new Archive(tensors.Kind);
            ModuleState.Add(tensors, module);
            plan = Compile();
        }
    }

    public void AddTensors(Archive archive)
    {
        Refresh();
        ModuleState.Copy(tensors, archive);
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

    ScoringPlan Compile()
    {
        var choice = Scoring switch
        {
            SparseScoring.Dense => KernelChoice.Dense,
            SparseScoring.Sparse => KernelChoice.Sparse,
            _ => KernelChoice.Rule,
        };
        try
        {
            var weights = SavedNetwork.Tensors(tensors, model.What);
            var plan = ScoringPlan.Compile(model.Describe!(Blueprint), weights, new CompileOptions(KernelSet.Here, choice, ScoringOutput.Probabilities));
            return plan.OutputWidth == model.Outputs
                ? plan
                : throw new InvalidDataException($"{model.What} computes {plan.OutputWidth} numbers of a row; wanted {model.Outputs}.");
        }
        catch (ArgumentException failure)
        {
            throw new InvalidDataException($"{model.What} is of another model: {failure.Message}", failure);
        }
    }

    nn.Module Build()
    {
        LibTorch.Load();
        var built = Blueprint.Build();
        try
        {
            ModuleScope.Detach(built);
            ModuleState.Load(tensors, built, model.What);
            built.eval();
            foreach (var layer in built.modules().Prepend(built).OfType<nn.Module<Tensor, Tensor>>().Distinct())
            {
                layer.register_forward_pre_hook((_, _) =>
                {
                    mayHaveLearned |= is_grad_enabled();
                    return null!;
                });
            }
            return built;
        }
        catch
        {
            built.Dispose();
            throw;
        }
    }
}
