using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    public static bool is_grad_enabled() => Bridge.prt_grad_mode() != 0;

    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => Bridge.prt_inference_mode() != 0;

    public static partial class autograd
    {
        public static unsafe IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var ys = Handles(outputs);
            var xs = Handles(inputs);
            var seeds = Handles(grad_outputs);
            var found = new nint[xs.Length];
            fixed (nint* y = ys, x = xs, seed = seeds, result = found)
                Bridge.Check(Bridge.prt_gradients(y, ys.Length, x, xs.Length, seed, seeds.Length, retain_graph ? 1 : 0, create_graph ? 1 : 0,
                    allow_unused ? 1 : 0, result));
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            // An unused input has no gradient: as in TorchSharp, its place holds a tensor without a native one.
            return found.Select(Tensor.Own).ToList();
        }

        public static unsafe void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null,
            bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var ys = Handles(tensors);
            var seeds = Handles(grad_tensors);
            var xs = Handles(inputs);
            fixed (nint* y = ys, seed = seeds, x = xs)
                Bridge.Check(Bridge.prt_backward(y, ys.Length, seed, seeds.Length, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0, x, xs.Length));
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) => backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) => backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        static nint[] Handles(IList<Tensor>? tensors)
        {
            if (tensors is null)
                return [];
            var handles = new nint[tensors.Count];
            for (var k = 0; k < handles.Length; k++)
                handles[k] = tensors[k].Handle;
            return handles;
        }
    }

    /// <summary>Switches the recording of gradients on this thread until it is disposed.</summary>
    sealed class GradMode : IDisposable
    {
        readonly int previous = Bridge.prt_grad_mode();

        internal GradMode(bool enabled) => Bridge.prt_set_grad_mode(enabled ? 1 : 0);

        public void Dispose() => Bridge.prt_set_grad_mode(previous);
    }

    sealed class InferenceMode(bool mode) : IDisposable
    {
        nint guard = Bridge.prt_inference_enter(mode ? 1 : 0);

        public void Dispose()
        {
            if (guard == 0)
                return;
            Bridge.prt_inference_leave(guard);
            guard = 0;
        }
    }
}
