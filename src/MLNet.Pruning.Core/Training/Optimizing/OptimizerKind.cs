using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>Which optimizer steps the parameters.</summary>
public enum OptimizerKind
{
    /// <summary>Adam, with L2 weight decay added to the gradient.</summary>
    Adam,

    /// <summary>Adam with weight decay applied to the weights themselves.</summary>
    AdamW,

    /// <summary>Stochastic gradient descent, with momentum when it is above zero.</summary>
    Sgd,

    /// <summary>RMSprop, with momentum when it is above zero.</summary>
    RmsProp,
}

/// <summary>Makes the optimizers that <see cref="OptimizerKind"/> names.</summary>
public static class Optimizers
{
    /// <summary>An optimizer over <paramref name="parameters"/> as <paramref name="options"/> ask for it.</summary>
    public static optim.Optimizer Create(TrainingOptions options, IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        double rate = options.LearningRate, decay = options.WeightDecay, momentum = options.Momentum;
        return options.Optimizer switch
        {
            OptimizerKind.Adam => optim.Adam(parameters, lr: rate, weight_decay: decay),
            OptimizerKind.AdamW => optim.AdamW(parameters, lr: rate, weight_decay: decay),
            OptimizerKind.Sgd => optim.SGD(parameters, rate, momentum: momentum, weight_decay: decay),
            OptimizerKind.RmsProp => optim.RMSProp(parameters, lr: rate, weight_decay: decay, momentum: momentum),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Optimizer, "Not an optimizer."),
        };
    }
}
