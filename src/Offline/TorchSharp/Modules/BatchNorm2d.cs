using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class BatchNorm2d : Module<Tensor, Tensor>
        {
            readonly NormParts parts;

            internal BatchNorm2d(long features, double eps, double momentum, bool affine, bool track, Device? device, ScalarType? dtype) : base(nameof(BatchNorm2d), true)
            {
                parts = new(eps, momentum);
                parts.Begin(this, features, affine, track, device, dtype);
            }

            [DisallowNull]
            public Parameter? weight
            {
                get => parts.Weight;
                set => Set(ref parts.Weight, nameof(weight), Required(value, nameof(weight)));
            }

            public Parameter? bias
            {
                get => parts.Bias;
                set => Set(ref parts.Bias, nameof(bias), value);
            }

            public Tensor? running_mean
            {
                get => parts.RunningMean;
                set => Set(ref parts.RunningMean, nameof(running_mean), value);
            }

            public Tensor? running_var
            {
                get => parts.RunningVar;
                set => Set(ref parts.RunningVar, nameof(running_var), value);
            }

            public Tensor? num_batches_tracked => parts.Batches;

            public void reset_running_stats() => parts.ResetStatistics();

            public override Tensor forward(Tensor tensor)
            {
                if (tensor.Dimensions != 4)
                    throw new ArgumentException($"Invalid number of dimensions for BatchNorm argument: {tensor.Dimensions}");
                return parts.BatchNorm(tensor, training);
            }

            internal override void Replace(string name, Tensor tensor) => parts.Replace(name, tensor);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static BatchNorm2d BatchNorm2d(long num_features, double eps = 1e-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true, Device? device = null, ScalarType? dtype = null) =>
                new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}
