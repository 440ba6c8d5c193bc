using Microsoft.ML;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Scoring;

/// <summary>Throws for rows that a model does not take.</summary>
delegate void RowCheck(ReadOnlySpan<float> features);

/// <summary>Makes a scorer by LibTorch; null where a plan on the CPU is to score.</summary>
delegate IModelScorer? LibTorchScoring(ScoredModel model, Archive network, IHostEnvironment environment);

/// <summary>What is known of a trained model beside its network.</summary>
/// <param name="Describe">A network as what plans are compiled from; null for a module of the user's own.</param>
/// <param name="Outputs">Numbers computed of a row.</param>
/// <param name="Check">Throws for rows that the model does not take; null for none.</param>
/// <param name="Owner">Whose disposal ends the scoring.</param>
/// <param name="What">What to call the model in an error.</param>
sealed record ScoredModel(Func<Archive, NetworkDescription?> Describe, int Outputs, RowCheck? Check, Type Owner, string What)
{
    /// <summary>What scores modules of the user's own, and on GPUs: set by MLNet.Pruning, which knows LibTorch.</summary>
    public static LibTorchScoring? LibTorch { get; set; }

    /// <summary>Makes what computes a network: a plan for those of this library on the CPU, LibTorch for all else.</summary>
    /// <exception cref="InvalidOperationException">It needs LibTorch, and MLNet.Pruning is not there.</exception>
    public IModelScorer Scorer(Archive network, IHostEnvironment environment)
    {
        bool planned = Describe(network) is not null;
        var (gpu, fallback) = Doors.Settings(environment);
        // LibTorch is loaded only where it is to compute.
        if (planned && gpu is null)
            return new PlanScorer(network, this, environment);
        PruningContextExtensions.LoadTrainers();
        if (LibTorch is null && !planned)
        {
            throw new InvalidOperationException($"{What} is a module of the user's own code that no plan computes ({SavedNetwork.Failure(network) ?? SavedNetwork.OldModule}). "
                + "It needs TorchSharp: reference the package MLNet.Pruning, and name the module by mlContext.UsePrunedModule.");
        }
        if (LibTorch is null && !fallback)
            throw new InvalidOperationException($"MLContext.GpuDeviceId is {gpu}, and GPUs need TorchSharp: reference the package MLNet.Pruning, or set MLContext.FallbackToCpu.");
        return LibTorch?.Invoke(this, network, environment) ?? new PlanScorer(network, this, environment);
    }
}
