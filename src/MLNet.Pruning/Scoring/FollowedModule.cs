using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using MLNet.Pruning.Native;
using MLNet.Pruning.Persistence;
using Microsoft.ML.Runtime;
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

    /// <summary>The module behind a scorer; built on first use.</summary>
    public static nn.Module Of(IModelScorer scorer) => scorer switch
    {
        ModelScorer own => own.Module,
        PlanScorer plan => ((FollowedModule)plan.Follow(network => Follow(network, plan.Environment))).Module,
        _ => throw new ArgumentException($"There is no module behind a {scorer.GetType().Name}.", nameof(scorer)),
    };

    /// <summary>Makes a plan follow the module that it was compiled from. Takes ownership of the module.</summary>
    public static void Follow(PlanScorer plan, Blueprint blueprint, nn.Module module, SparseScoring scoring) =>
        plan.Follow(_ => new FollowedModule(blueprint, module, scoring));

    static FollowedModule Follow(Archive network, IHostEnvironment environment)
    {
        const string What = "The network";
        var scoring = NetworkPart.Scoring(network, What);
        var (blueprint, module) = Build(network, environment, What);
        return new(blueprint, module, scoring);
    }

    public Archive? Changed(Archive network)
    {
        if (ModuleState.Holds(network, Module))
            return null;
        var now = blueprint.Now(Module);
        return Write(now, Module, scoring, now.Equals(blueprint) ? network : null);
    }

    public void Dispose() => Module.Dispose();

    /// <summary>A module as the network part of a model's file.</summary>
    /// <param name="blueprint">The network's blueprint.</param>
    /// <param name="module">The module.</param>
    /// <param name="scoring">How sparse layers are computed.</param>
    /// <param name="before">An archive with the graph, or with the reason why there is none; null to trace the module.</param>
    public static Archive Write(Blueprint blueprint, nn.Module module, SparseScoring scoring, Archive? before = null)
    {
        var network = NetworkPart.Create(Encoding.UTF8.GetBytes(blueprint.ToJson()), scoring);
        ModuleState.Add(network, module);
        if (blueprint is ModuleBlueprint && !(before is not null && NetworkPart.CopyGraph(before, network)))
            NetworkPlans.AddGraph(network, (nn.Module<Tensor, Tensor>)module, blueprint.InputShape);
        return network;
    }

    /// <exception cref="InvalidDataException">The network's tensors are not those that its blueprint wants.</exception>
    /// <exception cref="InvalidOperationException">It is built by user code that the context does not know.</exception>
    public static (Blueprint Blueprint, nn.Module Module) Build(Archive network, IHostEnvironment environment, string what)
    {
        LibTorch.Load();
        var blueprint = ModuleBuilders.Complete(Blueprint.FromJson(NetworkPart.Blueprint(network)), environment);
        blueprint.CheckSize(ModuleState.Bytes(network), what);
        var module = blueprint.Build();
        try
        {
            ModuleScope.Detach(module);
            ModuleState.Load(network, module, what);
            return (blueprint, module);
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}

/// <summary>The user's functions that build modules, by name. A saved model holds weights and sizes, but no code.</summary>
sealed class ModuleBuilders
{
    // All hosts of one MLContext share the catalog.
    static readonly ConditionalWeakTable<ComponentCatalog, ModuleBuilders> ofContexts = [];

    readonly ConcurrentDictionary<string, Func<nn.Module<Tensor, Tensor>>> builders = new(StringComparer.Ordinal);

    public static ModuleBuilders Of(IHostEnvironment environment) => ofContexts.GetOrCreateValue(environment.ComponentCatalog);

    /// <summary>The blueprint with the function that builds it, if it is of user code.</summary>
    public static Blueprint Complete(Blueprint blueprint, IHostEnvironment environment) =>
        blueprint is ModuleBlueprint named ? named with { Builder = Of(environment).Find(named.Name) } : blueprint;

    /// <summary>Registers a builder, replacing an earlier one of the same name.</summary>
    public void Add(string name, Func<nn.Module<Tensor, Tensor>> build) => builders[name] = build;

    public Func<nn.Module<Tensor, Tensor>> Find(string name) => builders.TryGetValue(name, out var build)
        ? build
        : throw new InvalidOperationException(
            $"The model's network is the module '{name}', which your own code builds; a file cannot hold code. "
            + $"Call mlContext.UsePrunedModule(\"{name}\", () => ...) before loading it, with the function that it was trained with. "
            + (builders.IsEmpty ? "No module has been named so far." : $"Named so far: {Names}."));

    string Names => string.Join(", ", builders.Keys.Order(StringComparer.Ordinal).Select(name => $"'{name}'"));
}
