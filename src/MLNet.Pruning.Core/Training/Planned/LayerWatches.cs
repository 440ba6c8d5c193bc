using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Who wants to see what a layer reads. When a plan computes in place of the module, forward hooks are not called, and these are.
/// </summary>
static class LayerWatches
{
    static readonly ConditionalWeakTable<nn.Module, List<Action<Tensor>>> all = [];

    /// <summary>Shows what a layer reads in forward passes, by its module or by a plan. Returns what ends it.</summary>
    public static Action Add(nn.Module<Tensor, Tensor> layer, Action<Tensor> seen)
    {
        var hook = layer.register_forward_hook((_, input, output) =>
        {
            seen(input);
            return output;
        });
        var watchers = all.GetOrCreateValue(layer);
        watchers.Add(seen);
        return () =>
        {
            hook.remove();
            watchers.Remove(seen);
        };
    }

    /// <summary>The watchers of a layer.</summary>
    public static IReadOnlyList<Action<Tensor>> Of(nn.Module layer) => all.TryGetValue(layer, out var watchers) ? watchers : [];

    /// <summary>Whether a module has forward hooks other than these watchers'.</summary>
    public static bool HasOtherHooks(nn.Module<Tensor, Tensor> module) => Count(module) > Of(module).Count;

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
}
