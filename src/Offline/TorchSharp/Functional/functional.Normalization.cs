using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op batchNormOp = new("aten::batch_norm");
            static readonly Op instanceNormOp = new("aten::instance_norm");
            static readonly Op layerNormOp = new("aten::layer_norm");
            static readonly Op groupNormOp = new("aten::group_norm");

            public static Tensor batch_norm(Tensor input, Tensor running_mean, Tensor running_var, Tensor? weight = null, Tensor? bias = null, bool training = false, double momentum = 0.1, double eps = 1e-5)
            {
                if (training)
                    RequireSeveralValues(input);
                return batchNormOp.Call(input, weight, bias, running_mean, running_var, training, momentum, eps, true);
            }

            public static Tensor instance_norm(Tensor input, Tensor? running_mean = null, Tensor? running_var = null, Tensor? weight = null, Tensor? bias = null, bool use_input_stats = true, double momentum = 0.1, double eps = 1e-5)
            {
                if (use_input_stats && input.shape.Skip(2).Aggregate(1L, (size, extent) => size * extent) == 1)
                    throw new ExternalException($"Expected more than 1 spatial element when training, got input size {Shape(input)}");
                return instanceNormOp.Call(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, true);
            }

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
                layerNormOp.Call(input, normalized_shape, weight, bias, eps);

            public static Tensor group_norm(Tensor input, long num_groups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
                groupNormOp.Call(input, num_groups, weight, bias, eps);

            // The variance of a single value is not a number; the operator itself would go on with it.
            static void RequireSeveralValues(Tensor input)
            {
                var values = input.NumberOfElements;
                if (input.Dimensions >= 2 && values == input.size(1))
                    throw new ExternalException($"Expected more than 1 value per channel when training, got input size {Shape(input)}");
            }

            static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
        }
    }
}
