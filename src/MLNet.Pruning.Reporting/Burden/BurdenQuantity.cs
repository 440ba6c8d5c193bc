
namespace MLNet.Pruning.Reporting.Burden;

/// <summary>What is shown of a neuron's burden.</summary>
public enum BurdenQuantity
{
    /// <summary>Its mean |gradient|.</summary>
    Gradients,

    /// <summary>Its mean |weight|.</summary>
    Weights,
}

static class BurdenQuantities
{
    public static string Name(this BurdenQuantity quantity) => quantity == BurdenQuantity.Gradients ? "mean |gradient|" : "mean |weight|";

    /// <summary>The mean over a layer's neurons, or of one of them.</summary>
    public static double Of(this BurdenQuantity quantity, BurdenPoint point, int? neuron)
    {
        if (neuron is { } row)
            return quantity == BurdenQuantity.Gradients ? point.Gradients[row] : point.Weights[row];
        return quantity == BurdenQuantity.Gradients ? point.MeanGradient : point.MeanWeight;
    }
}
