namespace MLNet.Pruning;

/// <summary>What stands between layers.</summary>
public enum Activation
{
    /// <summary>max(0, x)</summary>
    Relu,

    /// <summary>x above zero, 0.01 x below.</summary>
    LeakyRelu,

    /// <summary>x times the normal distribution's share below x.</summary>
    Gelu,

    /// <summary>x times its logistic sigmoid.</summary>
    Silu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,

    /// <summary>The logistic sigmoid.</summary>
    Sigmoid,
}
