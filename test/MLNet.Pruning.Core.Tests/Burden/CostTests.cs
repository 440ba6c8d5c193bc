using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Burden;

[TestClass]
[DoNotParallelize]
public sealed class CostTests
{
    static WeightMasks Chance(nn.Module model, double density, int seed = 4)
    {
        var random = new Random(seed);
        return new(model.named_parameters().Where(p => p.name.EndsWith(".weight", StringComparison.Ordinal)).Select(p =>
            new WeightMask(p.name, p.parameter.shape, Enumerable.Range(0, (int)p.parameter.NumberOfElements).Select(_ => random.NextDouble() < density).ToArray())));
    }

    [TestMethod]
    public void Costs_of_linear_layers_are_those_of_a_plain_loop()
    {
        var rows = Rows.Blobs(300, 12, 3);
        random.manual_seed(5);
        using var model = nn.Sequential(("a", nn.Linear(12, 9)), ("relu", nn.ReLU()), ("b", nn.Linear(9, 3)));
        var before = Runs.Values(model);
        var masks = Chance(model, 0.4);
        var costs = ReconstructionCost.Of(model, masks, rows, maximum: 270);
        double[] lost = [0, 0], whole = [0, 0];
        for (var row = 0; row < 270; row++)
        {
            var x = new float[12];
            rows.Row(row, x);
            double[] input = [.. x.Select(v => (double)v)];
            input = [.. Layer(0, "a", input).Select(v => Math.Max(0, v))];
            Layer(1, "b", input);
        }
        for (var l = 0; l < 2; l++)
        {
            Assert.AreEqual(lost[l] / whole[l], costs[l].Reconstruction, 1e-5);
            Assert.AreEqual(masks.Masks[l].Density, costs[l].Density);
            Assert.AreEqual(costs[l].Reconstruction + 0.3 * costs[l].Density, costs[l].Total(0.3), 1e-15);
        }
        Assert.IsTrue(costs.All(c => c.Reconstruction is > 0.1 and < 1.5));
        Runs.AreSame(before, Runs.Values(model));

        // The next layer reads what the masked one gives.
        double[] Layer(int number, string name, double[] input)
        {
            var (w, b, on) = (before[name + ".weight"], before[name + ".bias"], masks.Masks[number].Active.ToArray());
            var output = new double[b.Length];
            for (var j = 0; j < output.Length; j++)
            {
                double all = 0, kept = 0;
                for (var i = 0; i < input.Length; i++)
                {
                    all += w[j * input.Length + i] * input[i];
                    kept += on[j * input.Length + i] ? w[j * input.Length + i] * input[i] : 0;
                }
                lost[number] += (all - kept) * (all - kept);
                whole[number] += all * all;
                output[j] = kept + b[j];
            }
            return output;
        }
    }

    [TestMethod]
    public void Costs_of_convolutions_are_those_of_the_operators_called_directly()
    {
        var rows = new Rows(40, 2 * 6 * 6, (row, i) => ((row + 3) * (i + 1) % 11 - 5) / 5f, row => row % 3) { Shape = [2, 6, 6] };
        random.manual_seed(5);
        using var model = nn.Sequential(("conv", nn.Conv2d(2, 6, 3, 2, 1)), ("tanh", nn.Tanh()), ("up", nn.ConvTranspose2d(6, 4, 2, 2)), ("flat", nn.Flatten()), ("out", nn.Linear(144, 3)));
        var masks = Chance(model, 0.5);
        var costs = ReconstructionCost.Of(model, masks, rows);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var values = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().to_type(ScalarType.Float64));
        var on = masks.Masks.ToDictionary(m => m.Name, m => tensor(Array.ConvertAll(m.Active.ToArray(), bit => bit ? 1.0 : 0), [.. m.Shape]));
        var x = tensor(Enumerable.Range(0, 40).SelectMany(row => Enumerable.Range(0, 72).Select(i => ((row + 3) * (i + 1) % 11 - 5) / 5.0)).ToArray(), [40, 2, 6, 6]);
        var (w, m) = (values["conv.weight"], on["conv.weight"]);
        Ratio(costs[0], nn.functional.conv2d(x, w - w * m, strides: [2, 2], padding: [1, 1]), nn.functional.conv2d(x, w, strides: [2, 2], padding: [1, 1]));
        x = nn.functional.conv2d(x, w * m, values["conv.bias"], strides: [2, 2], padding: [1, 1]).tanh();
        (w, m) = (values["up.weight"], on["up.weight"]);
        Ratio(costs[1], nn.functional.conv_transpose2d(x, w - w * m, strides: [2, 2]), nn.functional.conv_transpose2d(x, w, strides: [2, 2]));

        static void Ratio(LayerCost cost, Tensor lost, Tensor whole) => Assert.AreEqual(lost.Squared().sum().item<double>() / whole.Squared().sum().item<double>(), cost.Reconstruction, 1e-5, cost.Layer);
    }

    [TestMethod]
    public void A_mask_that_is_on_costs_its_density_alone_and_one_that_is_off_everything()
    {
        random.manual_seed(5);
        using var model = nn.Sequential(("a", nn.Linear(12, 9)), ("tanh", nn.Tanh()), ("b", nn.Linear(9, 3, hasBias: false)));
        Assert.IsTrue(ReconstructionCost.Of(model, Chance(model, 2), Rows.Blobs(50, 12, 3)).All(c => c is { Reconstruction: 0, Density: 1 } && c.Total(0.5) == 0.5));
        // With the first layer off, the second reads the tanh of its bias.
        foreach (var cost in ReconstructionCost.Of(model, Chance(model, 0), Rows.Blobs(50, 12, 3)))
            Assert.AreEqual((1.0, 0.0), (Math.Round(cost.Reconstruction, 6), cost.Density));
        var zeros = new Rows(5, 12, (_, _) => 0, _ => 0);
        Assert.AreEqual(0, ReconstructionCost.Of(model, Chance(model, 0), zeros)[0].Reconstruction, "nothing was there to be lost");
        Assert.IsTrue(model.training);
    }

    [TestMethod]
    public void Masks_of_another_model_are_refused()
    {
        using var model = nn.Sequential(("a", nn.Linear(12, 9)));
        using var other = nn.Sequential(("a", nn.Linear(12, 8)));
        Assert.ThrowsExactly<ArgumentException>(() => ReconstructionCost.Of(model, Chance(other, 0.5), Rows.Blobs(50, 12, 3)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ReconstructionCost.Of(model, Chance(model, 0.5), Rows.Blobs(50, 12, 3), maximum: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LayerCost("a", 0, 0).Total(-1));
    }
}
