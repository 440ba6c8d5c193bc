using System.Text.Json;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class ExampleWeightTests
{
    static readonly Rows Data = Rows.Blobs(60, 12, 3);

    static readonly TrainingOptions OneBatch = new()
    {
        Epochs = 3,
        BatchSize = 200,
        Shuffle = false,
        Optimizer = OptimizerKind.Sgd,
        LearningRate = 0.1,
        Replicas = 1,
        HistoryInterval = 1,
    };

    static ArrayExamples Examples(IEnumerable<int> rows, Func<int, float>? weight = null)
    {
        int[] all = [.. rows];
        var features = new float[all.Length * 12];
        for (var i = 0; i < all.Length; i++)
            Data.Row(all[i], features.AsSpan(i * 12, 12));
        return new(features, [12], [.. all.Select(row => (int)Data.Label(row))])
        {
            Weights = weight is null ? null : [.. all.Select(weight)],
            Targets = [.. all.Select(row => row / 60f)],
        };
    }

    static IEnumerable<int> All => Enumerable.Range(0, 60);

    [TestMethod]
    public void A_row_of_weight_2_counts_like_two_rows_and_one_of_weight_0_like_none()
    {
        var rows = Examples(All, row => row % 3);
        var repeated = Examples(All.SelectMany(row => Enumerable.Repeat(row, row % 3)));

        var (weighted, one) = Runs.Train(OneBatch, rows, validation: rows);
        var (expected, other) = Runs.Train(OneBatch, repeated, validation: repeated);

        Runs.AreClose(expected, weighted, 1e-5);
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var (left, right) = (one.Epochs[epoch], other.Epochs[epoch]);
            Assert.AreEqual(right.Loss, left.Loss, 1e-5);
            Assert.AreEqual(right.Accuracy!.Value, left.Accuracy!.Value, 1e-6);
            Assert.AreEqual(right.ValidationLoss!.Value, left.ValidationLoss!.Value, 1e-5);
            Assert.AreEqual(right.ValidationAccuracy!.Value, left.ValidationAccuracy!.Value, 1e-6);
            Assert.AreEqual(60, left.Rows);
        }
    }

    [TestMethod]
    [DataRow("classes")]
    [DataRow("regression")]
    public void Several_replicas_compute_what_one_computes_whatever_the_weights(string what)
    {
        // The last rows of each batch, a replica's whole share, have weight 0.
        var rows = Examples(All, row => row % 20 < 14 ? 0.1f + row % 5 : 0);
        var options = OneBatch with { BatchSize = 20, Shuffle = false };
        IObjective? objective = what == "classes" ? null : new RegressionObjective(mean: 0.5, deviation: 0.3);
        Func<nn.Module>? build = objective is null ? null : new FeedForwardBlueprint([12, 9, 1]).Build;
        var (one, first) = Runs.Train(options, rows, build, objective);

        foreach (var replicas in new[] { 2, 4 })
        {
            var (many, second) = Runs.Train(options with { Replicas = replicas }, rows, build, objective);
            Assert.AreEqual(replicas, second.Replicas);
            Runs.AreClose(one, many, 1e-5);
            Assert.AreEqual(first.Epochs[^1].Loss, second.Epochs[^1].Loss, 1e-5);
        }
    }

    [TestMethod]
    public void Streamed_rows_keep_their_weights_and_targets()
    {
        var rows = Examples(All, row => 1 + row % 4);
        var options = OneBatch with { BatchSize = 4 };
        Func<nn.Module> build = new FeedForwardBlueprint([12, 9, 1]).Build;
        var (expected, _) = Runs.Train(options, rows, build, new RegressionObjective());

        var (streamed, _) = Runs.Train(options with { MemoryLimit = 16 * (12 * 4 + 16) }, rows, build, new RegressionObjective());

        Runs.AreSame(expected, streamed);
    }

    [TestMethod]
    public void Weighted_losses_and_their_gradients_are_those_of_PyTorch()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var (x, weight) = (randn(8, 5), randn(3, 5));
        long[] y = [0, 1, 2, 2, 1, 0, 1, 2];
        float[] target = [0.3f, -2, 5, 0, 1, -0.5f, 2, 0.1f], w = [1, 0, 2.5f, 0.25f, 3, 1, 0, 0.5f];
        var path = Path.GetTempFileName();
        Dictionary<string, double[]> reference;
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(new
            {
                x = x.data<float>().ToArray(),
                weight = weight.flatten().data<float>().ToArray(),
                y,
                target,
                w,
            }));
            reference = Python.Json<Dictionary<string, double[]>>("losses.py", path);
        }
        finally
        {
            File.Delete(path);
        }

        Check("cross entropy", new CrossEntropy(3, 0.1), 3, y, 3 * 5);
        Check("binary", new BinaryCrossEntropy(), 1, [.. y.Select(label => Math.Min(label, 1))], 5);
        Check("squared", new RegressionObjective(), 1, y, 5);
        Check("absolute", new RegressionObjective(RegressionLoss.Absolute), 1, y, 5);
        Check("huber", new RegressionObjective(RegressionLoss.Huber), 1, y, 5);

        void Check(string name, IObjective objective, int outputs, long[] labels, int gradients)
        {
            using var model = nn.Linear(5, outputs, hasBias: false);
            using (no_grad())
                model.weight!.copy_(weight.narrow(0, 0, outputs));
            var (loss, correct) = objective.Compute(model, new Batch(x, tensor(labels), tensor(target), tensor(w)));
            loss.backward();
            Assert.AreEqual(reference[name][0], loss.item<float>(), 1e-5, name);
            var found = model.weight!.grad!.flatten().data<float>().ToArray();
            Assert.HasCount(gradients, found);
            for (var i = 0; i < gradients; i++)
                Assert.AreEqual(reference[name][1 + i], found[i], 1e-5, $"{name} {i}");
            var right = outputs == 3 ? model.call(x).argmax(1).eq(tensor(labels)) : model.call(x).view(8).gt(tensor(0f)).eq(tensor(labels).gt(tensor(0L)));
            double? wanted = objective.ClassCount is null ? null : right.data<bool>().ToArray().Zip(w, (hit, weight) => hit ? weight : 0).Sum();
            Assert.AreEqual(wanted, correct, name);
        }
    }

    [TestMethod]
    public void A_run_that_resumes_within_an_epoch_keeps_its_weighted_sums()
    {
        var rows = Examples(All, row => 1 + row % 4);
        var path = Path.GetTempFileName();
        try
        {
            File.Delete(path);
            var options = OneBatch with { Epochs = 1, BatchSize = 10, Checkpoint = new CheckpointOptions(path) { EverySteps = 4 } };
            var (_, whole) = Runs.Train(options with { Checkpoint = null }, rows);
            var stopped = options with { Hooks = [new Hook { OnBeforeForward = run => { if (run.Step == 5) throw new OperationCanceledException(); } }] };
            Assert.ThrowsExactly<OperationCanceledException>(() => Runs.Train(stopped, rows));

            var (_, resumed) = Runs.Train(options, rows);

            Assert.AreEqual(whole.Epochs[0].Loss, resumed.Epochs[0].Loss, 1e-12);
            Assert.AreEqual(whole.Epochs[0].Accuracy, resumed.Epochs[0].Accuracy);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Wrong_weights_and_targets_are_refused_with_their_row()
    {
        foreach (var (weight, text) in new[] { (-1f, "-1"), (float.NaN, "NaN"), (float.PositiveInfinity, "Infinity") })
        {
            var e = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(OneBatch, Examples(All, row => row == 7 ? weight : 1)));
            Assert.AreEqual($"Row 7 has weight {text}; weights must be at least 0 and finite.", e.Message);
        }
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(OneBatch, Examples(All, _ => 0))).Message, "All 60 examples have weight 0");
        Assert.ThrowsExactly<ArgumentException>(() => new ArrayExamples(new float[8], [2]) { Weights = [1, 2] });
        var targets = new ArrayExamples(new float[24], [12], [0, 1]) { Targets = [1, float.NaN] };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(OneBatch, targets)).Message, "Row 1 has target NaN");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(OneBatch, Examples(All), validation: Examples(All, _ => 1))).Message,
            "validation examples have weights");
    }

    [TestMethod]
    public void An_objective_that_ignores_weights_is_refused()
    {
        var ignores = new CustomObjective((model, batch) => nn.functional.cross_entropy(((nn.Module<Tensor, Tensor>)model).call(batch.Inputs), batch.Labels), 3);
        var e = Assert.ThrowsExactly<NotSupportedException>(() => Runs.Train(OneBatch, Examples(All, _ => 2), objective: ignores));
        StringAssert.Contains(e.Message, "batch.Mean");

        var uses = new CustomObjective((model, batch) => batch.Mean(nn.functional.cross_entropy(
            ((nn.Module<Tensor, Tensor>)model).call(batch.Inputs), batch.Labels, reduction: nn.Reduction.None)), 3);
        var (own, _) = Runs.Train(OneBatch, Examples(All, row => row % 3), objective: uses);
        var (ours, _) = Runs.Train(OneBatch, Examples(All, row => row % 3));
        Runs.AreClose(ours, own, 1e-6);
    }
}
