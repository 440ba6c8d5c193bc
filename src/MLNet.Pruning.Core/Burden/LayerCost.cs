namespace MLNet.Pruning;

/// <summary>What a mask costs a layer.</summary>
/// <param name="Layer">The parameter, as the model names it.</param>
/// <param name="Reconstruction">R = E|(W - M * W)x|^2 / E|Wx|^2 over the inputs x that the layer reads: 0 where nothing is lost. 0 too where Wx is 0.</param>
/// <param name="Density">S, the fraction of the weights that is on.</param>
public sealed record LayerCost(string Layer, double Reconstruction, double Density)
{
    /// <summary>J = R + lambda * S.</summary>
    /// <param name="lambda">What the whole layer's weights cost; 0 or more.</param>
    public double Total(double lambda)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lambda);
        return Reconstruction + lambda * Density;
    }
}
