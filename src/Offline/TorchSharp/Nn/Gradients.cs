using TorchSharp.Modules;
using TorchSharp.Native;

namespace TorchSharp;

/// <summary>The gradients of parameters, at the bridge: without a managed tensor where only the native side is concerned.</summary>
static unsafe class Gradients
{
    internal static void Clear(IEnumerable<Parameter> parameters, bool toNone) =>
        WithHandles(parameters, (handles, count) =>
        {
            Bridge.Check(Bridge.prt_zero_grads(handles, count, toNone ? 1 : 0));
            return 0;
        });

    internal static double ClipNorm(IEnumerable<Parameter> parameters, double limit, double order) =>
        WithHandles(parameters, (handles, count) =>
        {
            double norm;
            Bridge.Check(Bridge.prt_clip_grad_norm(handles, count, limit, order, &norm));
            return norm;
        });

    delegate double OnHandles(nint* handles, int count);

    static double WithHandles(IEnumerable<Parameter> parameters, OnHandles action)
    {
        var list = parameters as IReadOnlyList<Parameter> ?? [.. parameters];
        var handles = list.Count <= 64 ? stackalloc nint[list.Count] : new nint[list.Count];
        for (var k = 0; k < handles.Length; k++)
            handles[k] = list[k].Handle;
        fixed (nint* first = handles)
        {
            var result = action(first, handles.Length);
            GC.KeepAlive(list);
            return result;
        }
    }
}
