using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>A tensor that a module learns. It takes the native tensor over from the one it is made of.</summary>
        public class Parameter : Tensor
        {
            public Parameter(Tensor data, bool requires_grad = true) : base(Prepare(data, requires_grad), false)
            {
                if (data.OwningDisposeScope is { } scope)
                {
                    scope.Forget(data);
                    scope.Adopt(this);
                }
            }

            static nint Prepare(Tensor data, bool requiresGrad)
            {
                data.requires_grad = requiresGrad;
                return data.DecoupleFromNativeHandle();
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
