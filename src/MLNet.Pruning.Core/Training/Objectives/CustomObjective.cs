using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Any loss: a function of the model and a batch.</summary>
/// <param name="loss">
/// Gives the mean loss over the rows of the batch. Called from several threads at once, each with its own model and batch.
/// </param>
/// <param name="classCount">
/// How many classes the labels name, so that a wrong one is found while reading; null when labels do not matter.
/// </param>
public sealed class CustomObjective(Func<nn.Module, Batch, Tensor> loss, int? classCount = null) : IObjective
{
    /// <inheritdoc/>
    public int? ClassCount => classCount;

    /// <inheritdoc/>
    public (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch) => (loss(model, batch), null);
}
