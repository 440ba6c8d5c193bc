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
            readonly double eps;
            readonly double momentum;
            Parameter? weightParameter;
            Parameter? biasParameter;
            Tensor? runningMean;
            Tensor? runningVar;
            Tensor? numBatchesTracked;

            internal BatchNorm2d(long features, double eps, double momentum, bool affine, bool track, Device? device, ScalarType? dtype) : base(nameof(BatchNorm2d), true)
            {
                (this.eps, this.momentum) = (eps, momentum);
                if (affine)
                {
                    weight = NewParameter([features], device, dtype);
                    bias = NewParameter([features], device, dtype);
                    init.ones_(weight);
                    init.zeros_(bias);
                }
                if (track)
                {
                    running_mean = zeros(features, dtype, device);
                    running_var = ones(features, dtype, device);
                    Set(ref numBatchesTracked, nameof(num_batches_tracked), zeros([], dtype ?? ScalarType.Int64, device));
                }
            }

            [DisallowNull]
            public Parameter? weight
            {
                get => weightParameter;
                set => Set(ref weightParameter, nameof(weight), Required(value, nameof(weight)));
            }

            public Parameter? bias
            {
                get => biasParameter;
                set => Set(ref biasParameter, nameof(bias), value);
            }

            public Tensor? running_mean
            {
                get => runningMean;
                set => Set(ref runningMean, nameof(running_mean), value);
            }

            public Tensor? running_var
            {
                get => runningVar;
                set => Set(ref runningVar, nameof(running_var), value);
            }

            public Tensor? num_batches_tracked => numBatchesTracked;

            public void reset_running_stats()
            {
                if (runningMean is null)
                    return;
                init.zeros_(runningMean);
                init.ones_(runningVar!);
                init.zeros_(numBatchesTracked!);
            }

            public override Tensor forward(Tensor tensor)
            {
                if (tensor.Dimensions != 4)
                    throw new ArgumentException($"Invalid number of dimensions for BatchNorm argument: {tensor.Dimensions}");
                if (training && numBatchesTracked is not null)
                    CountBatch(numBatchesTracked);
                var own = training || runningMean is null && runningVar is null;
                return functional.batch_norm(tensor, runningMean!, runningVar!, weightParameter, biasParameter, own, momentum, eps);
            }

            internal override void Replace(string name, Tensor tensor)
            {
                switch (name)
                {
                    case nameof(weight):
                        weightParameter = (Parameter)tensor;
                        break;
                    case nameof(bias):
                        biasParameter = (Parameter)tensor;
                        break;
                    case nameof(running_mean):
                        runningMean = tensor;
                        break;
                    case nameof(running_var):
                        runningVar = tensor;
                        break;
                    case nameof(num_batches_tracked):
                        numBatchesTracked = tensor;
                        break;
                }
            }
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
