using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Trainers;
using MLNet.Pruning.Training;
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
        var blueprint = FollowedModule.Known(Blueprint.FromJson(Encoding.UTF8.GetString(NetworkPart.Blueprint(network))), environment);
        var device = ComputeDevice.Choose(environment, asked: null);
        if (device == "cpu" && model.Describe(network) is not null)
            return null;
        var module = blueprint.Build();
        try
        {
            ModuleScope.Detach(module);
            ModuleState.Load(network, module, model.What);
            return new ModelScorer(blueprint, module, device, model, network);
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}
