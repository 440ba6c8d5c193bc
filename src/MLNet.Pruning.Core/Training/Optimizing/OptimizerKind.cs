namespace MLNet.Pruning;

/// <summary>Which optimizer steps the parameters. Settings that the options do not name are PyTorch's defaults.</summary>
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
