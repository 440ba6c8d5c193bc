namespace MLNet.Pruning;

/// <summary>The activation between layers.</summary>
public enum Activation
{
    /// <summary>max(0, x)</summary>
    Relu,

    /// <summary>x above zero, 0.01 x below.</summary>
    LeakyRelu,

    /// <summary>x times the standard normal distribution function of x.</summary>
    Gelu,

    /// <summary>x times its logistic sigmoid.</summary>
    Silu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,

    /// <summary>The logistic sigmoid.</summary>
    Sigmoid,
}

/// <summary>How a vision transformer combines the tokens into one vector.</summary>
public enum VitPooling
{
    /// <summary>The mean of the tokens, weighted by their numbers of patches.</summary>
    Mean,

    /// <summary>An additional token that attends to all others and never merges.</summary>
    ClassToken,
}

/// <summary>The input of a vision transformer.</summary>
public enum VitInput
{
    /// <summary>Images, one channel after the other. The network cuts them into patches and merges these.</summary>
    Pixels,

    /// <summary>Merged tokens in one row: K tokens, K sizes, and the token of each patch.</summary>
    Tokens,
}
