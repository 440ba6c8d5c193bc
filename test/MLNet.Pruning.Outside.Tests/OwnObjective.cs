using static TorchSharp.torch;

namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnObjective
{
    [TestMethod]
    public void A_run_minimises_it()
    {
        var epochs = Points.Train(objective: new SquaredError(3)).History.Epochs;
        Assert.IsLessThan(0.5 * epochs[0].Loss, epochs[^1].Loss);
        Assert.IsGreaterThan(0.9, epochs[^1].Accuracy!.Value);
    }

    [TestMethod]
    public void A_number_is_learnt_from_the_row_that_holds_it()
    {
        var epochs = Points.Train(objective: new CustomObjective((network, batch) => nn.functional.mse_loss(
            ((nn.Module<Tensor, Tensor>)network).call(batch.Inputs).narrow(1, 0, 1), batch.Inputs.narrow(1, 11, 1)))).History.Epochs;
        Assert.IsLessThan(0.9 * epochs[0].Loss, epochs[^1].Loss);
        Assert.IsNull(epochs[^1].Accuracy);
    }
}

// docs
/// <summary>The squared distance between the outputs and the class's unit vector.</summary>
sealed class SquaredError(int classes) : IObjective
{
    public int? ClassCount => classes;

    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        var outputs = ((nn.Module<Tensor, Tensor>)model).call(batch.Inputs);
        var wanted = nn.functional.one_hot(batch.Labels, classes).to_type(ScalarType.Float32);
        return (nn.functional.mse_loss(outputs, wanted), outputs.argmax(1).eq(batch.Labels).sum().item<long>());
    }
}
// end
