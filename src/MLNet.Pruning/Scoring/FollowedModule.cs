using System.Text;
using Microsoft.ML.Runtime;
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

    FollowedModule(Blueprint blueprint, nn.Module module, SparseScoring scoring)
    {
        (this.blueprint, this.scoring, Module) = (blueprint, scoring, module);
        module.eval();
        foreach (var layer in module.modules().Prepend(module).OfType<nn.Module<Tensor, Tensor>>().Distinct())
        {
            layer.register_forward_pre_hook((_, _) =>
            {
                mayHaveLearned |= is_grad_enabled();
                return null!;
            });
        }
    }

    public nn.Module Module { get; }

    public bool MayHaveLearned => mayHaveLearned;

    /// <summary>The module behind a scorer; built when it is asked for first.</summary>
    public static nn.Module Of(IModelScorer scorer) => scorer switch
    {
        ModelScorer own => own.Module,
        PlanScorer plan => ((FollowedModule)plan.Follow(network => Build(network, plan.Environment))).Module,
        _ => throw new ArgumentException($"There is no module behind a {scorer.GetType().Name}.", nameof(scorer)),
    };

    /// <summary>The module that a plan was made of; taken over.</summary>
    public static void Follow(PlanScorer plan, Blueprint blueprint, nn.Module module, SparseScoring scoring) =>
        plan.Follow(_ => new FollowedModule(blueprint, module, scoring));

    public Archive? Changed(Archive network)
    {
        if (ModuleState.Holds(network, Module))
            return null;
        var now = blueprint.Now(Module);
        return Write(now, Module, scoring, now.Equals(blueprint) ? network : null);
    }

    public void Dispose() => Module.Dispose();

    /// <summary>A module as the network part of a model's file.</summary>
    /// <param name="blueprint">What it is made of.</param>
    /// <param name="module">The module.</param>
    /// <param name="scoring">How sparse layers are computed.</param>
    /// <param name="before">The same with other weights, whose graph still holds; null where it is to be told.</param>
    public static Archive Write(Blueprint blueprint, nn.Module module, SparseScoring scoring, Archive? before = null)
    {
        var network = NetworkPart.Create(Encoding.UTF8.GetBytes(blueprint.ToJson()), scoring);
        ModuleState.Add(network, module);
        if (blueprint is not ModuleBlueprint)
            return network;
        foreach (string entry in (string[])[SavedGraph.Entry, SavedGraph.FailureEntry])
        {
            if (before?.Entries.TryGetValue(entry, out var content) == true)
                network.Add(entry, content);
        }
        if (before is null)
            NetworkPlans.AddGraph(network, (nn.Module<Tensor, Tensor>)module, blueprint.InputShape);
        return network;
    }

    static FollowedModule Build(Archive network, IHostEnvironment environment)
    {
        const string What = "The network";
        LibTorch.Load();
        var blueprint = Known(Blueprint.FromJson(Encoding.UTF8.GetString(NetworkPart.Blueprint(network))), environment);
        var module = blueprint.Build();
        try
        {
            ModuleScope.Detach(module);
            ModuleState.Load(network, module, What);
            return new(blueprint, module, NetworkPart.Scoring(network, What));
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    /// <summary>A blueprint with the code that builds it, where it is a module of the user's own.</summary>
    /// <exception cref="InvalidOperationException">The context has not been told of such code.</exception>
    public static Blueprint Known(Blueprint blueprint, IHostEnvironment environment) =>
        blueprint is ModuleBlueprint named ? named with { Builder = ModuleBuilders.Of(environment).Find(named.Name) } : blueprint;
}
