using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class WaysTests
{
    static readonly TrainingOptions plain = new() { Epochs = 5, BatchSize = 20, LearningRate = 0.01, Seed = 3, Replicas = 2 };

    [TestMethod]
    public void Soft_pruning_zeroes_what_may_grow_back_and_removes_at_the_last_event()
    {
        var zeroed = new List<(int[] Rows, long Size)>();
        var grown = new List<bool>();
        var (model, history) = Runs.Train(plain with
        {
            Epochs = 6,
            Hooks = [
                new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.5), Soft = true }.Begin(),
                new Hook
                {
                    OnBeforeForward = run =>
                    {
                        if (run.StepInEpoch > 0 || run.Epoch is 0 or 5)
                            return;
                        var sums = Sums(run);
                        zeroed.Add(([.. Enumerable.Range(0, sums.Length).Where(n => sums[n] == 0)], sums.Length));
                    },
                    OnAfterEpoch = run =>
                    {
                        if (run.Epoch is > 0 and < 5)
                            grown.Add(zeroed[^1].Rows.Any(n => Sums(run)[n] > 0));
                    },
                }],
        });
        // Of 9: floor(0.3 * 9) = 2, then floor(0.5 * 9) = 4, until the event before the last epoch.
        CollectionAssert.AreEqual(new[] { 2, 4, 4, 4 }, zeroed.Select(z => z.Rows.Length).ToArray());
        Assert.IsTrue(zeroed.All(z => z.Size == 9));
        Assert.IsTrue(grown.All(g => g), "Nothing has grown back.");
        Assert.AreEqual(5, model["layers.linear1.bias"].Length);
        CollectionAssert.AreEqual(new[] { "neurons, softly", "neurons, softly", "neurons, softly", "neurons, softly", "neurons" }, history.Events.Select(e => e.Kind).ToArray());
        CollectionAssert.AreEqual(new[] { 9, 9, 9, 9, 5 }, history.Events.Select(e => e.Groups[0].After).ToArray());
        CollectionAssert.AreEqual(zeroed[0].Rows, history.Events[0].Groups[0].Removed.ToArray());
        Assert.AreEqual(history.Events[0].ParametersBefore, history.Events[3].ParametersAfter);

        static double[] Sums(TrainingRun run) => [.. Runs.Values(run.Model)["layers.linear1.weight"].Chunk(12).Select(r => r.Sum(w => Math.Abs((double)w)))];
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Rewinding_gives_the_neurons_that_are_left_the_weights_of_then_and_the_optimizer_no_memory(int epoch)
    {
        Dictionary<string, float[]> then = [], now = [];
        long steps = -1;
        var averages = 1f;
        random.manual_seed(7);
        var (_, history) = Runs.Train(plain with
        {
            Hooks = [
                new Hook
                {
                    OnStarted = run => { if (epoch == 0) then = Runs.Values(run.Model); },
                    OnAfterEpoch = run => { if (run.Epoch + 1 == epoch) then = Runs.Values(run.Model); },
                    OnBeforeForward = run =>
                    {
                        if (run.Epoch != 4 || run.StepInEpoch > 0)
                            return;
                        now = Runs.Values(run.Model);
                        var memory = run.Optimizer.GetState(run.Model.get_parameter("layers.linear2.weight")!);
                        (steps, averages) = (memory.Steps, memory.Tensors["exp_avg"].abs().sum().item<float>());
                    },
                },
                new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.Stepwise(2, 2, 0.3, 0.6), Rewind = epoch }.Begin()],
        });
        Assert.HasCount(2, history.Events);
        int[] Left(int group, int size) => [.. Enumerable.Range(0, size).Except(history.Events.SelectMany(e => e.Groups[group].RemovedOriginal))];
        int[] first = Left(0, 9), second = Left(1, 7);
        Assert.HasCount(5, first);
        CollectionAssert.AreEqual(first.SelectMany(n => then["layers.linear1.weight"].Skip(n * 12).Take(12)).ToArray(), now["layers.linear1.weight"]);
        CollectionAssert.AreEqual(second.SelectMany(n => first.Select(i => then["layers.linear2.weight"][n * 9 + i])).ToArray(), now["layers.linear2.weight"]);
        CollectionAssert.AreEqual(second.Select(n => then["layers.linear2.bias"][n]).ToArray(), now["layers.linear2.bias"]);
        CollectionAssert.AreEqual(then["layers.linear3.bias"], now["layers.linear3.bias"]);
        Assert.AreEqual((0L, 0f), (steps, averages));
    }

    [TestMethod]
    public void A_cubic_schedule_ends_at_its_target()
    {
        var (model, history) = Runs.Train(plain with { Epochs = 8, Hooks = [new NeuronPruning { Importance = new InputMeans(), Schedule = Schedule.Cubic(1, 6, 0.7) }.Begin()] });
        Assert.AreEqual(3, model["layers.linear1.bias"].Length);
        Assert.AreEqual(3, model["layers.linear2.bias"].Length);
        // 0.694 of 9 and 7 neurons, rounded down, is what 0.7 of them is: the event at 6 has nothing left to do.
        Assert.AreEqual(5, history.Events[^1].Epoch);
    }
}
