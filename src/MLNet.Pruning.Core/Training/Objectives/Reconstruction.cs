using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Autoencoding: the model gives its input back, and the loss is the mean squared difference.</summary>
public sealed class Reconstruction : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => null;

    /// <inheritdoc/>
    public (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var output = Forward.Through(model, batch.Inputs);
        return (nn.functional.mse_loss(output, batch.Inputs.view(output.shape)), null);
    }
}
