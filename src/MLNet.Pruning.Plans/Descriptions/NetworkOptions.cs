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

/// <summary>How a vision transformer makes one vector of many tokens.</summary>
public enum VitPooling
{
    /// <summary>The mean of the tokens, weighted by how many patches each stands for.</summary>
    Mean,

    /// <summary>A token of its own, which looks at all others and never merges.</summary>
    ClassToken,
}

/// <summary>What a vision transformer reads.</summary>
public enum VitInput
{
    /// <summary>Images, one channel after the other; they are cut into patches, and merged, inside.</summary>
    Pixels,

    /// <summary>Merged tokens, side by side in one row: K tokens, K sizes, and for each patch the token that it went to.</summary>
    Tokens,
}
