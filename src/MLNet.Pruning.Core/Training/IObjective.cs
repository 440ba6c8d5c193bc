using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What training minimises. Called from several threads at once, each with its own model and batch.</summary>
public interface IObjective
{
    /// <summary>How many classes the labels name, so that a label outside is found while reading; null when labels do not matter.</summary>
    int? ClassCount { get; }

    /// <summary>Runs the model on the batch and gives the loss.</summary>
    /// <returns>
    /// The mean loss over the rows of the batch (a scalar that gradients flow from), and how many rows were answered correctly, or null
    /// where there is no such thing.
    /// </returns>
    (Tensor Loss, long? Correct) Compute(nn.Module model, Batch batch);
}
