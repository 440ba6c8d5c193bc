using MLNet.Pruning.Tests.Pruning;
using MLNet.Pruning.Tests.Training;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
[DoNotParallelize]
public sealed class MasksAndNeuronsTests
{
    static readonly NeuronPruning neurons = new() { Importance = FixedScores.WeightSums, Schedule = Schedule.OneShot(2, 0.4) };

    [TestMethod]
    [DataRow(Reactivation.Persistent)]
    [DataRow(Reactivation.Frozen)]
    public void Masks_and_what_lies_beneath_shrink_index_for_index(Reactivation reactivation)
    {
        (bool[] Active, float[] Dense)[] before = [], after = [];
        (bool[], float[])[] Look(TrainingRun run) => [.. run.Masks!.Masks.Select((m, l) => (m.Active.ToArray(), run.Find<MaskedWeights>()!.Dense(l)))];
        var (parameters, history) = Runs.Train(new TrainingOptions
        {
            Epochs = 4,
            BatchSize = 25,
            LearningRate = 0.01,
            Replicas = 2,
            Hooks = [
                new CombinedPruning(new WeightPruning { Schedule = Schedule.Constant(0.6, 1), Every = 3, Reactivation = reactivation }, neurons).Begin(),
                new Hook
                {
                    OnAfterEpoch = run => before = run.Epoch == 1 ? Look(run) : before,
                    OnBeforeForward = run => after = run.Epoch == 2 && run.StepInEpoch == 0 ? Look(run) : after,
                }],
        });
        var gone = history.Events.Single(e => e.Kind == "neurons").Groups.ToDictionary(g => g.Name, g => g.Removed);
        int[] inputs = [.. Enumerable.Range(0, 12)], outputs = [.. Enumerable.Range(0, 3)];
        int[] first = [.. Enumerable.Range(0, 9).Except(gone["layers.linear1"])], second = [.. Enumerable.Range(0, 7).Except(gone["layers.linear2"])];
        Assert.AreEqual((6, 5), (first.Length, second.Length));
        foreach (var (l, rows, columns, width) in new[] { (0, first, inputs, 12), (1, second, first, 9), (2, outputs, second, 7) })
        {
            int[] left = [.. rows.SelectMany(r => columns.Select(c => r * width + c))];
            CollectionAssert.AreEqual(left.Select(i => before[l].Active[i]).ToArray(), after[l].Active);
            CollectionAssert.AreEqual(left.Select(i => before[l].Dense[i]).ToArray(), after[l].Dense);
        }
        // Cuts after it are exact for the layers as they are now.
        var last = history.Events[^1];
        CollectionAssert.AreEqual(new[] { 72 - 43, 30 - 18, 15 - 9 }, last.Groups.Select(g => g.After).ToArray());
        Assert.AreEqual(43, parameters["layers.linear1.weight"].Count(w => w == 0));
    }

    [TestMethod]
    public void Without_masks_off_combined_pruning_is_neuron_pruning()
    {
        var options = new TrainingOptions { Epochs = 4, BatchSize = 25, LearningRate = 0.01, Replicas = 2 };
        Runs.AreSame(Runs.Train(options with { Hooks = [neurons.Begin()] }).Parameters,
            Runs.Train(options with { Hooks = [new CombinedPruning(neurons, new WeightPruning { Sparsity = 0, Every = 2 }).Begin()] }).Parameters);
    }

    [TestMethod]
    public void What_cannot_be_combined_is_refused()
    {
        var options = new TrainingOptions { Epochs = 4 };
        var rewinding = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(options with { Hooks = [new CombinedPruning(neurons with { Rewind = 0 }, new WeightPruning { Sparsity = 0.5 }).Begin()] }));
        StringAssert.Contains(rewinding.Message, "Rewind cannot be combined");
        var twice = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(options with { Hooks = [new WeightPruning { Sparsity = 0.5 }.Begin(), new WeightPruning { Sparsity = 0.5 }.Begin()] }));
        StringAssert.Contains(twice.Message, "two WeightPrunings");
        var none = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CombinedPruning().Validate(options));
        StringAssert.Contains(none.Message, "at least one way to prune");
    }
}
