using TorchSharp.Modules;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            static readonly Op setDataOp = new("aten::set_data");

            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2.0) =>
                Gradients.ClipNorm(tensors, max_norm, norm_type);

            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using var _ = no_grad();
                foreach (var parameter in tensors)
                {
                    using var gradient = parameter.grad;
                    gradient?.clamp_(-clip_value, clip_value);
                }
            }

            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                return cat(tensors.Select(parameter => parameter.reshape(-1)).ToList()).MoveToOuterDisposeScope();
            }

            /// <summary>Lets each parameter look at its stretch of the vector.</summary>
            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                using var _ = no_grad();
                using var scope = NewDisposeScope();
                var start = 0L;
                foreach (var parameter in tensors)
                {
                    var length = parameter.NumberOfElements;
                    setDataOp.Run(parameter, vec.narrow(0, start, length).view_as(parameter));
                    start += length;
                }
            }
        }
    }
}
