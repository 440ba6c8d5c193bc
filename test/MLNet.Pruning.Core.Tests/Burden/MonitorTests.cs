using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Burden;

[TestClass]
[DoNotParallelize]
public sealed class MonitorTests
{
    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 25, LearningRate = 0.02, Seed = 3, Replicas = 1 };

    static nn.Module Mixed() => nn.Sequential(("conv", nn.Conv1d(1, 6, 3)), ("norm", nn.BatchNorm1d(6)), ("relu", nn.ReLU()), ("up", nn.ConvTranspose1d(6, 5, 2)), ("flat", nn.Flatten()), ("mid", nn.Linear(55, 41)), ("tanh", nn.Tanh()), ("out", nn.Linear(41, 3)));

    // More than 65,536 parameters: stepped in two slices, and a neuron lies in both.
    static nn.Module Wide() => nn.Sequential(("in", nn.Linear(12, 307)), ("relu", nn.ReLU()), ("mid", nn.Linear(307, 251)), ("out", nn.Linear(251, 3)));

    static readonly Rows series = new(100, 12, (row, i) => (row + 1) * (i + 1) % 7 / 7f, row => row % 3) { Shape = [1, 12] };

    public static IEnumerable<object?[]> Ways()
    {
        yield return ["no masks", null];
        yield return ["persistent masks that change within a window", new WeightPruning { Sparsity = 0.7, Every = 3 }];
        yield return ["frozen masks over all layers", new WeightPruning { Sparsity = 0.7, Every = 2, Reactivation = Reactivation.Frozen, Distribution = MaskDistribution.Global }];
        yield return ["some weights masked", new WeightPruning { Sparsity = 0.5, Every = 4, Except = ["out.*"] }];
    }

    [TestMethod]
    [DynamicData(nameof(Ways))]
    public void Windows_and_cumulative_means_equal_a_plain_loop(string way, WeightPruning? pruning)
    {
        foreach (var (replicas, clip, wide) in new (int, double?, bool)[] { (1, null, false), (2, null, false), (2, 0.1, false), (2, null, true), (2, 0.1, true) })
        {
            string[] names = wide ? ["in.weight", "mid.weight", "out.weight"] : ["conv.weight", "up.weight", "mid.weight", "out.weight"];
            var expected = new PlainBurden(5, names);
            var (_, history) = Runs.Train(plain with { Replicas = replicas, GradientClipNorm = clip, Hooks = [.. pruning is null ? Array.Empty<ITrainingHook>() : [pruning.Begin()], new BurdenMonitor { Interval = 5 }.Begin(), expected] },
                wide ? null : series, wide ? Wide : Mixed);
            CollectionAssert.AreEqual(names, history.Burden.Select(b => b.Layer).ToArray(), way);
            foreach (var record in history.Burden)
            {
                // 4 steps an epoch, 16 in all.
                CollectionAssert.AreEqual(new long[] { 5, 10, 15 }, record.Windows.Select(w => w.Step).ToArray());
                CollectionAssert.AreEqual(new[] { 2, 3, 4 }, record.Windows.Select(w => w.Epoch).ToArray());
                CollectionAssert.AreEqual(new long[] { 4, 8, 12, 16 }, record.Epochs.Select(e => e.Step).ToArray());
                foreach (var (point, (gradients, weights)) in record.Windows.Zip(expected.Windows[record.Layer]).Concat(record.Epochs.Zip(expected.Epochs[record.Layer])))
                {
                    Close(gradients, point.Gradients, way);
                    Close(weights, point.Weights, way);
                    Assert.AreEqual(gradients.Where(double.IsFinite).Average(), point.MeanGradient, 1e-6);
                    Assert.AreEqual(weights.Where(double.IsFinite).Average(), point.MeanWeight, 1e-6);
                }
            }
        }
    }

    [TestMethod]
    public void Watching_changes_nothing_and_a_devices_way_finds_the_same()
    {
        foreach (var pruning in new[] { null, new WeightPruning { Sparsity = 0.7, Every = 3 } })
        {
            var alone = Runs.Train(plain with { Replicas = 2, Hooks = pruning is null ? [] : [pruning.Begin()] }, series, Mixed);
            Assert.HasCount(0, alone.History.Burden);
            var found = new[] { false, true }.Select(byOperators =>
            {
                var hook = new BurdenHook(new() { Interval = 4 }) { ByOperators = byOperators };
                var run = Runs.Train(plain with { Replicas = 2, Hooks = pruning is null ? [hook] : [pruning.Begin(), hook] }, series, Mixed);
                Runs.AreSame(alone.Parameters, run.Parameters);
                return run.History.Burden;
            }).ToArray();
            Assert.HasCount(4, found[0]);
            foreach (var (a, b) in found[0].Zip(found[1]))
                foreach (var (x, y) in a.Windows.Concat(a.Epochs).Zip(b.Windows.Concat(b.Epochs)))
                {
                    Close([.. x.Gradients.Select(v => (double)v)], y.Gradients, a.Layer);
                    Close([.. x.Weights.Select(v => (double)v)], y.Weights, a.Layer);
                }
        }
    }

    [TestMethod]
    public void Under_fixed_masks_a_neuron_without_active_weights_has_no_figure()
    {
        // The second neuron of the first layer has none, the first has two of twelve.
        var on = Enumerable.Range(0, 9 * 12).Select(i => i / 12 != 1 && (i >= 12 || i is 3 or 7)).ToArray();
        var masks = new WeightMasks([new WeightMask("layers.linear1.weight", [9, 12], on)]);
        var expected = new PlainBurden(2, "layers.linear1.weight", "layers.linear2.weight", "layers.linear3.weight");
        var (_, history) = Runs.Train(plain with { Hooks = [new WeightPruning { Fixed = masks }.Begin(), new BurdenMonitor { Interval = 2 }.Begin(), expected] });
        var last = history.Burden[0].Windows[^1];
        Assert.IsTrue(float.IsNaN(last.Gradients[1]) && float.IsNaN(last.Weights[1]));
        Close(expected.Windows["layers.linear1.weight"][^1].Gradients, last.Gradients, "fixed");
        Assert.AreEqual((2 + 7 * 12) / 108.0, last.Density, 1e-12);
        Assert.AreEqual(1, history.Burden[1].Windows[^1].Density);
        Assert.IsTrue(double.IsFinite(last.MeanGradient));
        var json = history.ToJson();
        var back = TrainingHistory.FromJson(json);
        Assert.AreEqual(json, back.ToJson());
        CollectionAssert.AreEqual(last.Weights.ToArray(), back.Burden[0].Windows[^1].Weights.ToArray());
        Assert.AreEqual(3 * (8 + 4), json.Split('\n').Count(line => line.Contains("\"gradients\": \"", StringComparison.Ordinal)), "a line for each window and each epoch, not for each neuron");
        Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.FromJson(json.Replace("\"gradients\": \"", "\"gradients\": \"A", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_resumed_run_has_the_figures_of_one_that_never_stopped()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune-burden").FullName;
        try
        {
            var options = plain with { Epochs = 5, Checkpoint = new CheckpointOptions(Path.Combine(folder, "whole")) { EverySteps = 3 } };
            var whole = Runs.Train(options with { Hooks = Hooks() }).History;
            options = options with { Checkpoint = options.Checkpoint! with { Path = Path.Combine(folder, "cut") } };
            Assert.ThrowsExactly<OperationCanceledException>(() => Runs.Train(options with { Hooks = [.. Hooks(), new Hook { OnAfterStep = run => { if (run.Step == 13) throw new OperationCanceledException(); } }] }));
            var cut = Runs.Train(options with { Hooks = Hooks() }).History;
            Assert.HasCount(3, whole.Burden);
            foreach (var (a, b) in whole.Burden.Zip(cut.Burden))
                foreach (var (x, y) in a.Windows.Concat(a.Epochs).Zip(b.Windows.Concat(b.Epochs), (x, y) => (x, y)))
                {
                    Assert.AreEqual((x.Step, x.Epoch, x.Density), (y.Step, y.Epoch, y.Density));
                    CollectionAssert.AreEqual(x.Gradients.ToArray(), y.Gradients.ToArray());
                    CollectionAssert.AreEqual(x.Weights.ToArray(), y.Weights.ToArray());
                }
            Assert.HasCount(whole.Burden[0].Windows.Count, cut.Burden[0].Windows);
            var other = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Epochs = 6, Hooks = [new WeightPruning { Schedule = Schedule.Cubic(0, 15, 0.6), Every = 3 }.Begin(), new BurdenMonitor { Interval = 7 }.Begin()] }));
            StringAssert.Contains(other.Message, "windows of 4 steps");
        }
        finally
        {
            Directory.Delete(folder, true);
        }

        static ITrainingHook[] Hooks() => [new WeightPruning { Schedule = Schedule.Cubic(0, 15, 0.6), Every = 3 }.Begin(), new BurdenMonitor { Interval = 4 }.Begin()];
    }

    [TestMethod]
    public void When_neurons_go_the_ones_that_are_left_begin_anew()
    {
        var pruning = new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.OneShot(2, 0.4) };
        var (_, history) = Runs.Train(plain with { Hooks = [pruning.Begin(), new BurdenMonitor { Interval = 4 }.Begin()] });
        // 9 and 7 hidden neurons lose 3 and 2; the outputs stay.
        CollectionAssert.AreEqual(new[] { 9, 9, 6, 6 }, history.Burden[0].Epochs.Select(e => e.Gradients.Count).ToArray());
        CollectionAssert.AreEqual(new[] { 9, 9, 6, 6 }, history.Burden[0].Windows.Select(e => e.Gradients.Count).ToArray());
        CollectionAssert.AreEqual(new[] { 3, 3, 3, 3 }, history.Burden[2].Epochs.Select(e => e.Gradients.Count).ToArray());
        CollectionAssert.AreEqual(history.Burden[0].Windows[2].Gradients.ToArray(), history.Burden[0].Epochs[2].Gradients.ToArray());
    }

    [TestMethod]
    public void Wrong_settings_are_told_before_training()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new BurdenMonitor { Interval = 0 }.Begin()).Message, "BurdenMonitor.Interval is 0; it must be at least 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(plain with { Hooks = [new BurdenMonitor { Weights = ["layers.nothing"] }.Begin()] })).Message, "BurdenMonitor names 'layers.nothing'");
        var hook = new BurdenMonitor().Begin();
        Runs.Train(plain with { Epochs = 1, Hooks = [hook] });
        Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Epochs = 1, Hooks = [hook] }));
        var (_, history) = Runs.Train(plain with { Epochs = 1, Hooks = [new BurdenMonitor { Interval = 1, Weights = ["*.weight", "layers.linear1.bias"], Except = ["layers.linear3.*"] }.Begin()] });
        CollectionAssert.AreEqual(new[] { "layers.linear1.weight", "layers.linear1.bias", "layers.linear2.weight" }, history.Burden.Select(b => b.Layer).ToArray());
        Assert.HasCount(9, history.Burden[1].Windows[0].Gradients);
    }

    static void Close(double[] expected, IReadOnlyList<float> actual, string way)
    {
        Assert.HasCount(expected.Length, actual);
        for (var row = 0; row < expected.Length; row++)
            if (double.IsNaN(expected[row]))
                Assert.IsTrue(float.IsNaN(actual[row]), $"{way}, neuron {row}");
            else
                Assert.AreEqual(expected[row], actual[row], 2e-6 * Math.Abs(expected[row]) + 1e-9, $"{way}, neuron {row}");
    }
}
