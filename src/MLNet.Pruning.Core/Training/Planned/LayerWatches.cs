using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Who wants to see what a layer reads, or its gradient. When a plan computes in place of the module, forward hooks are not called, and
/// these are.
/// </summary>
static class LayerWatches
{
    static readonly ConditionalWeakTable<nn.Module, Watchers> all = [];

    /// <summary>Shows what a layer reads in forward passes, by its module or by a plan. Returns what ends it.</summary>
    public static Action Add(nn.Module<Tensor, Tensor> layer, Action<Tensor> seen)
    {
        var hook = layer.register_forward_hook((_, input, output) =>
        {
            seen(input);
            return output;
        });
        return Kept(all.GetOrCreateValue(layer).Inputs, seen, hook.remove);
    }

    /// <summary>
    /// Shows of each row what a layer reads times its gradient, summed over tokens. A module's input goes through gates that find it by
    /// their own gradient; a plan has it. Returns what ends it.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="through">Multiplies the input of the module by gates of ones.</param>
    /// <param name="products">
    /// Gets the products of a plan, [rows, features] or [rows, 1, features], and the shape of what the layer has read.
    /// </param>
    public static Action AddGates(nn.Module<Tensor, Tensor> layer, Func<Tensor, Tensor> through, Action<Tensor, long[]> products) =>
        Kept(all.GetOrCreateValue(layer).Products, products, layer.register_forward_pre_hook((_, input) => through(input)).remove);

    static Action Kept<T>(List<T> list, T watcher, Action removeHook)
    {
        list.Add(watcher);
        return () =>
        {
            removeHook();
            list.Remove(watcher);
        };
    }

    /// <summary>Who wants to see what a layer reads.</summary>
    public static IReadOnlyList<Action<Tensor>> Of(nn.Module layer) => all.TryGetValue(layer, out var watchers) ? watchers.Inputs : [];

    /// <summary>Who wants to see it times its gradient.</summary>
    public static IReadOnlyList<Action<Tensor, long[]>> ProductsOf(nn.Module layer) =>
        all.TryGetValue(layer, out var watchers) ? watchers.Products : [];

    /// <summary>Whether a module has forward hooks other than these watchers'.</summary>
    public static bool HasOtherHooks(nn.Module<Tensor, Tensor> module) =>
        Count(module) > Of(module).Count + ProductsOf(module).Count;

    static int Count<TBefore, TAfter>(nn.HookableModule<TBefore, TAfter> module) => Hooks<TBefore, TAfter>.Count(module);

    /// <summary>The hooks of a module, which TorchSharp keeps to itself.</summary>
    static class Hooks<TBefore, TAfter>
    {
        public static int Count(nn.HookableModule<TBefore, TAfter> module) =>
            Before(module).Count + After(module).Count + ModuleBefore(module).Count + ModuleAfter(module).Count;

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "pre_hooks")]
        static extern ref Dictionary<string, TBefore> Before(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "post_hooks")]
        static extern ref Dictionary<string, TAfter> After(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_pre_hooks")]
        static extern ref Dictionary<string, Action<nn.Module>> ModuleBefore(nn.HookableModule<TBefore, TAfter> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "module_post_hooks")]
        static extern ref Dictionary<string, Action<nn.Module>> ModuleAfter(nn.HookableModule<TBefore, TAfter> module);
    }

    sealed class Watchers
    {
        public List<Action<Tensor>> Inputs { get; } = [];

        public List<Action<Tensor, long[]>> Products { get; } = [];
    }
}
