using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>TorchSharp's own optimizers, as a user makes them.</summary>
static class TorchOptimizers
{
    public static optim.Optimizer Create(TrainingOptions options, IEnumerable<Parameter> parameters)
    {
        double rate = options.LearningRate, decay = options.WeightDecay, momentum = options.Momentum;
        return options.Optimizer switch
        {
            OptimizerKind.Adam => optim.Adam(parameters, lr: rate, weight_decay: decay),
            OptimizerKind.AdamW => optim.AdamW(parameters, lr: rate, weight_decay: decay),
            OptimizerKind.Sgd => optim.SGD(parameters, rate, momentum: momentum, weight_decay: decay, nesterov: options.Nesterov),
            _ => optim.RMSProp(parameters, lr: rate, weight_decay: decay, momentum: momentum),
        };
    }
}
