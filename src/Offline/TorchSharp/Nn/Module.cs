using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>What every module is: a name, parameters, buffers and submodules, and whether it is training.</summary>
        public partial class Module : IDisposable
        {
            protected string? name;
            protected OrderedDict<string, Module> _internal_submodules = new();
            protected OrderedDict<string, Parameter> _internal_params = new();
            readonly OrderedDict<string, Tensor> buffersByName = new();
            bool isTraining = true;
            bool componentsRegistered;
            DeviceType deviceType = DeviceType.CPU;
            int deviceIndex = -1;

            protected Module(string name) : this(name, false) { }

            /// <summary>A module of the library's own says itself what it consists of; its fields are not searched.</summary>
            internal Module(string name, bool complete)
            {
                this.name = name;
                componentsRegistered = complete;
            }

            ~Module() => Dispose(false);

            internal bool IsDisposed { get; private set; }

            public virtual bool training => isTraining;

            public virtual void train(bool train = true)
            {
                isTraining = train;
                foreach (var (_, module) in named_children())
                    module.train(train);
            }

            public virtual void eval() => train(false);

            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, module) in _internal_submodules)
                    module.apply(fn);
                fn(this);
                return this;
            }

            // The signature is that of 0.99.6: what 0.105 adds is a choice whose default is what happens here.
            public virtual void zero_grad() => Gradients.Clear(parameters(), toNone: true);

            public virtual string GetName() => name ?? "";

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing || IsDisposed)
                    return;
                foreach (var (_, buffer) in named_buffers(false))
                    buffer.DetachFromDisposeScope().Dispose();
                foreach (var (_, parameter) in named_parameters(false))
                    parameter.DetachFromDisposeScope().Dispose();
                foreach (var (_, module) in named_modules())
                    module.Dispose();
                IsDisposed = true;
            }

            protected static (Device device, ScalarType dtype) GetDefaultDeviceAndType(Device? device = null, ScalarType? dtype = null) =>
                (device ?? get_default_device(), dtype ?? get_default_dtype());
        }
    }
}
