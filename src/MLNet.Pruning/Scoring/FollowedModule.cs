using System.Text;
using MLNet.Pruning.Models;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>The module in TorchSharp of a network that a plan scores.</summary>
sealed class FollowedModule : IFollowedModule
{
    readonly Blueprint blueprint;
    readonly SparseScoring scoring;
    volatile bool mayHaveLearned;

    FollowedModule(Archive network, string what)
    {
        LibTorch.Load();
        blueprint = Blueprint.FromJson(Encoding.UTF8.GetString(NetworkPart.Blueprint(network)));
        scoring = NetworkPart.Scoring(network, what);
        Module = blueprint.Build();
        try
        {
            ModuleScope.Detach(Module);
            ModuleState.Load(network, Module, what);
            Module.eval();
            foreach (var layer in Module.modules().Prepend(Module).OfType<nn.Module<Tensor, Tensor>>().Distinct())
            {
                layer.register_forward_pre_hook((_, _) =>
                {
                    mayHaveLearned |= is_grad_enabled();
                    return null!;
                });
            }
        }
        catch
        {
            Module.Dispose();
            throw;
        }
    }

    public nn.Module Module { get; }

    public bool MayHaveLearned => mayHaveLearned;

    /// <summary>The module behind a scorer; built when it is asked for first.</summary>
    public static nn.Module Of(IModelScorer scorer) => scorer switch
    {
        ModelScorer own => own.Module,
        PlanScorer plan => ((FollowedModule)plan.Follow(network => new FollowedModule(network, "The network"))).Module,
        _ => throw new ArgumentException($"There is no module behind a {scorer.GetType().Name}.", nameof(scorer)),
    };

    public Archive? Changed(Archive network) => ModuleState.Holds(network, Module) ? null : Write(blueprint.Now(Module), Module, scoring);

    public void Dispose() => Module.Dispose();

    /// <summary>A module as the network part of a model's file.</summary>
    public static Archive Write(Blueprint blueprint, nn.Module module, SparseScoring scoring)
    {
        var network = NetworkPart.Create(Encoding.UTF8.GetBytes(blueprint.ToJson()), scoring);
        ModuleState.Add(network, module);
        return network;
    }
}
