using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Persistence;

/// <summary>The user's functions that build modules, by name: a saved model holds its weights and sizes, but no code.</summary>
sealed class ModuleBuilders
{
    // The catalog is what all hosts of one MLContext share.
    static readonly ConditionalWeakTable<ComponentCatalog, ModuleBuilders> ofContexts = [];

    readonly ConcurrentDictionary<string, Func<nn.Module<Tensor, Tensor>>> builders = new(StringComparer.Ordinal);

    public static ModuleBuilders Of(IHostEnvironment environment) => ofContexts.GetOrCreateValue(environment.ComponentCatalog);

    /// <summary>Names a builder; the latest of a name counts.</summary>
    public void Add(string name, Func<nn.Module<Tensor, Tensor>> build) => builders[name] = build;

    public Func<nn.Module<Tensor, Tensor>> Find(string name) => builders.TryGetValue(name, out var build)
        ? build
        : throw new InvalidOperationException(
            $"The model's network is the module '{name}', which your own code builds; a file cannot hold code. Call mlContext.UsePrunedModule(\"{name}\", () => ...) before loading it, with the function that it was trained with. "
            + (builders.IsEmpty ? "No module has been named so far." : $"Named so far: {string.Join(", ", builders.Keys.Order(StringComparer.Ordinal).Select(known => $"'{known}'"))}."));
}
