using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Trainers;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Makes what computes a trained model: a plan for the networks of this library on the CPU, LibTorch for all else.</summary>
/// <param name="Describe">The blueprint as what plans are compiled from; null for a module of the user's own.</param>
/// <param name="Check">Throws for rows that the model does not take; null for none.</param>
/// <param name="Compute">What a module computes of [rows, ...shape], as [rows, numbers].</param>
/// <param name="Outputs">These numbers.</param>
/// <param name="Owner">Whose disposal ends the scoring.</param>
/// <param name="What">What to call the model in an error.</param>
sealed record ModelScorers(
    Func<Blueprint, NetworkDescription>? Describe, RowCheck? Check, Func<nn.Module, Func<Tensor, Tensor>> Compute, int Outputs, Type Owner, string What)
{
    /// <summary>For a network that was trained; it is taken over.</summary>
    public IModelScorer Trained(Blueprint blueprint, nn.Module module, string device, SparseScoring scoring)
    {
        if (Describe is null || device != "cpu")
            return new ModelScorer(blueprint, module, device, scoring, this);
        var tensors = new Archive("network");
        ModuleState.Add(tensors, module);
        module.Dispose();
        return new PlanScorer(blueprint, tensors, this, scoring);
    }

    /// <summary>For a network whose tensors stand in an archive.</summary>
    /// <param name="blueprint">What it is made of.</param>
    /// <param name="archive">Where its tensors stand.</param>
    /// <param name="environment">The MLContext.</param>
    /// <param name="scoring">How sparse layers are computed.</param>
    public IModelScorer Loaded(Blueprint blueprint, Archive archive, IHostEnvironment environment, SparseScoring scoring)
    {
        // LibTorch is loaded only where it is to compute.
        if (Describe is not null && !ComputeDevice.MayBeGpu(environment))
            return new PlanScorer(blueprint, archive, this, scoring);
        var device = ComputeDevice.Choose(environment, asked: null);
        if (Describe is not null && device == "cpu")
            return new PlanScorer(blueprint, archive, this, scoring);
        var module = blueprint.Build();
        try
        {
            ModuleScope.Detach(module);
            ModuleState.Load(archive, module, What);
            return new ModelScorer(blueprint, module, device, scoring, this);
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}
