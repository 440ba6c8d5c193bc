using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Trainers;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>Makes what computes models where LibTorch is at hand.</summary>
static class ModelScorers
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Scoring alone does not know LibTorch.")]
    internal static void Register()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(LibTorch).Module.ModuleHandle);
        ScoredModel.LibTorch = Loaded;
    }

    /// <summary>For a network that was trained; it is taken over.</summary>
    public static IModelScorer Trained(
        ScoredModel model, Blueprint blueprint, nn.Module module, Archive network, string device, IHostEnvironment environment)
    {
        if (device != "cpu" || model.Describe(network) is null)
            return new ModelScorer(blueprint, module, device, model, network);
        var plan = new PlanScorer(network, model, environment);
        if (blueprint is ModuleBlueprint)
            FollowedModule.Follow(plan, blueprint, module, NetworkPart.Scoring(network, model.What));
        else
            module.Dispose();
        return plan;
    }

    static ModelScorer? Loaded(ScoredModel model, Archive network, IHostEnvironment environment)
    {
        string device = ComputeDevice.Choose(environment, asked: null);
        if (device == "cpu" && model.Describe(network) is not null)
            return null;
        var (blueprint, module) = FollowedModule.Build(network, environment, model.What);
        return new ModelScorer(blueprint, module, device, model, network);
    }
}
