using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // What the tensor has to do with gradients.
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => Read(Bridge.prt_requires_grad(Handle)) != 0;
            set => Check(Bridge.prt_set_requires_grad(Handle, value ? 1 : 0));
        }

        public unsafe Tensor? grad
        {
            get
            {
                nint found;
                Check(Bridge.prt_grad(Handle, &found));
                return found == 0 ? null : Own(found);
            }
            set
            {
                Check(Bridge.prt_set_grad(Handle, value is null ? 0 : value.Handle));
                GC.KeepAlive(value);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public void retain_grad() => Check(Bridge.prt_retain_grad(Handle));

        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}
