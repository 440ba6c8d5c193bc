using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class InstanceNorm2d : Module<Tensor, Tensor>
        {
            readonly NormParts parts;
            readonly long features;

            internal InstanceNorm2d(long features, double eps, double momentum, bool affine, bool track, Device? device, ScalarType? dtype) : base(nameof(InstanceNorm2d), true)
            {
                parts = new(eps, momentum);
                this.features = features;
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

            public override Tensor forward(Tensor tensor) => parts.InstanceNorm(tensor, features, positions: 2, training);

            internal override void Replace(string name, Tensor tensor) => parts.Replace(name, tensor);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static InstanceNorm2d InstanceNorm2d(long num_features, double eps = 1e-05, double momentum = 0.1, bool affine = false, bool track_running_stats = false, Device? device = null, ScalarType? dtype = null) =>
                new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}
