using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class EventTests
{
    [TestMethod]
    public void The_last_part_of_an_epoch_is_observed_where_the_source_does_not_know_its_count_too()
    {
        var criterion = new InputMeans();
        Runs.Train(new TrainingOptions
        {
            Epochs = 2,
            BatchSize = 10,
            Replicas = 1,
            MemoryLimit = (12 * sizeof(float) + sizeof(long)) * 40,
            Hooks = [new NeuronPruning { Importance = criterion, Schedule = Schedule.OneShot(1, 0.5), ObserveFraction = 0.5, MeasuredRows = 0 }.Begin()],
        }, new Rows(103, 12, (row, i) => i % 3 == row % 3 ? 1 : 0, row => row % 3) { CountKnown = false });
        // Of 11 steps the last 6, and two groups.
        Assert.AreEqual(12, criterion.Seen);
    }

    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 20, LearningRate = 0.01, Seed = 3, Replicas = 1 };

    static NeuronPruning By(Schedule schedule) => new() { Importance = FixedScores.WeightSums, Schedule = schedule };

    // What it would leave could not recover, and would be what is saved.
    [TestMethod]
    public void No_event_comes_after_the_last_epoch_but_one_that_stands_alone()
    {
        int[] Epochs(Schedule schedule, bool soft = false) =>
            [.. Runs.Train(plain with { Epochs = 4, Hooks = [(By(schedule) with { Importance = new InputMeans(), Soft = soft }).Begin()] }).History.Events.Select(e => e.Epoch)];
        CollectionAssert.AreEqual(new[] { 2, 3 }, Epochs(Schedule.Stepwise(2, 1, 0.2, 0.6)));
        CollectionAssert.AreEqual(new[] { 2, 3 }, Epochs(Schedule.Stepwise(2, 1, 0.2, 0.6), soft: true));
        CollectionAssert.AreEqual(new[] { 4 }, Epochs(Schedule.OneShot(4, 0.5)));
    }

    [TestMethod]
    public void After_an_event_the_run_goes_on_as_a_hand_made_smaller_network_under_a_hand_cut_Adam()
    {
        // Everything as it stands when the second epoch is over, and what five steps make of it.
        Dictionary<string, float[]> weights = [];
        Dictionary<string, (float[] Mean, float[] Square, long Steps)> adam = [];
        var options = plain with { Epochs = 2, Shuffle = false };
        Runs.Train(options with
        {
            Hooks = [new Hook
            {
                OnAfterEpoch = run =>
                {
                    if (run.Epoch < 1)
                        return;
                    using var scope = NewDisposeScope();
                    weights = Runs.Values(run.Model);
                    foreach (var (name, parameter) in run.Model.named_parameters())
                    {
                        var memory = run.Optimizer.GetState(parameter);
                        adam[name] = (memory.Tensors["exp_avg"].data<float>().ToArray(), memory.Tensors["exp_avg_sq"].data<float>().ToArray(), memory.Steps);
                    }
                },
            }],
        });
        var (pruned, history) = Runs.Train(options with { Epochs = 3, Hooks = [By(Schedule.OneShot(2, 0.4)).Begin()] });

        int[] first = Best(weights["layers.linear1.weight"], 9, 6), second = Best(weights["layers.linear2.weight"], 7, 5);
        var expected = new HandMade(first, second, weights, adam).Steps(Rows.Blobs(100, 12, 3), 5);
        Runs.AreClose(expected, pruned, 1e-6);
        CollectionAssert.AreEqual(Enumerable.Range(0, 9).Except(first).ToArray(), history.Events[0].Groups[0].RemovedOriginal.ToArray());

        // The rows with the largest sums of absolute weights.
        static int[] Best(float[] weight, int rows, int count) =>
            [.. Enumerable.Range(0, rows).OrderByDescending(r => weight.Skip(r * weight.Length / rows).Take(weight.Length / rows).Sum(w => Math.Abs((double)w))).Take(count).Order()];
    }

    /// <summary>784-50-30-10 in small, by matrices, with Adam as its paper has it.</summary>
    sealed class HandMade
    {
        readonly Dictionary<string, Tensor> weights = [], means = [], squares = [];
        readonly Dictionary<string, long> steps = [];

        public HandMade(int[] first, int[] second, Dictionary<string, float[]> values, Dictionary<string, (float[] Mean, float[] Square, long Steps)> adam)
        {
            int[] inputs = [.. Enumerable.Range(0, 12)], outputs = [.. Enumerable.Range(0, 3)];
            foreach (var (name, rows, columns, width) in new[]
            {
                ("layers.linear1.weight", first, inputs, 12), ("layers.linear1.bias", first, [0], 1),
                ("layers.linear2.weight", second, first, 9), ("layers.linear2.bias", second, [0], 1),
                ("layers.linear3.weight", outputs, second, 7), ("layers.linear3.bias", outputs, new[] { 0 }, 1),
            })
            {
                Tensor Cut(float[] all) => tensor(rows.SelectMany(r => columns.Select(c => all[r * width + c])).ToArray(), dtype: ScalarType.Float64).view(name.EndsWith("bias", StringComparison.Ordinal) ? [rows.Length] : [rows.Length, columns.Length]);
                weights[name] = Cut(values[name]);
                (means[name], squares[name], steps[name]) = (Cut(adam[name].Mean), Cut(adam[name].Square), adam[name].Steps);
            }
        }

        public Dictionary<string, float[]> Steps(Rows rows, int count)
        {
            for (var step = 0; step < count; step++)
            {
                var features = new float[20 * 12];
                for (var row = 0; row < 20; row++)
                    rows.Row(step * 20 + row, features.AsSpan(row * 12, 12));
                var x = tensor(features, dtype: ScalarType.Float64).view(20, 12);
                var labels = tensor(Enumerable.Range(step * 20, 20).Select(rows.Label).ToArray());
                foreach (var name in weights.Keys)
                    weights[name] = weights[name].detach().requires_grad_();
                Tensor Layer(Tensor input, int number) => input.matmul(weights[$"layers.linear{number}.weight"].t()).Plus(weights[$"layers.linear{number}.bias"]);
                var loss = nn.functional.cross_entropy(Layer(Layer(Layer(x, 1).relu(), 2).relu(), 3), labels);
                loss.backward();
                using var off = no_grad();
                foreach (var name in weights.Keys)
                {
                    var gradient = weights[name].grad!;
                    means[name] = means[name].Times(0.9).Plus(gradient.Times(0.1));
                    squares[name] = squares[name].Times(0.999).Plus(gradient.Times(0.001) * gradient);
                    var t = ++steps[name];
                    weights[name] = weights[name].detach() - means[name].Over(1 - Math.Pow(0.9, t)).Times(0.01) / squares[name].Over(1 - Math.Pow(0.999, t)).sqrt().Plus(1e-8);
                }
            }
            return weights.ToDictionary(w => w.Key, w => w.Value.to(ScalarType.Float32).data<float>().ToArray());
        }
    }

    [TestMethod]
    [DataRow(OptimizerKind.Sgd)]
    [DataRow(OptimizerKind.AdamW)]
    [DataRow(OptimizerKind.RmsProp)]
    public void Two_replicas_learn_what_one_learns_also_after_events(OptimizerKind kind)
    {
        var options = plain with { Epochs = 7, Optimizer = kind, Momentum = kind == OptimizerKind.AdamW ? 0 : 0.9, LearningRate = 0.003 };
        (Dictionary<string, float[]>, TrainingHistory) Run(int replicas) => Runs.Train(options with
        {
            Replicas = replicas,
            Hooks = [(By(Schedule.Stepwise(2, 1, 0.2, 0.6)) with { Importance = new InputMeans() }).Begin()],
        });
        var (one, history) = Run(1);
        var (two, other) = Run(2);
        Runs.AreClose(one, two, 2e-4);
        Assert.HasCount(5, history.Events);
        Assert.AreEqual(2, other.Replicas);
        foreach (var (a, b) in history.Events.Zip(other.Events))
            foreach (var (mine, theirs) in a.Groups.Zip(b.Groups))
                CollectionAssert.AreEqual(mine.RemovedOriginal.ToArray(), theirs.RemovedOriginal.ToArray());
        Runs.AreSame(two, Run(2).Item1);
    }

    [TestMethod]
    public void The_history_says_what_an_event_did()
    {
        var criterion = new InputMeans();
        var (model, history) = Runs.Train(plain with { Epochs = 5, Replicas = 2, Hooks = [(By(Schedule.Stepwise(2, 2, 0.3, 0.5)) with { Importance = criterion }).Begin()] }, validation: Rows.Blobs(30, 12, 3, 8));
        Assert.HasCount(2, history.Events);
        var (a, b) = (history.Events[0], history.Events[1]);
        Assert.AreEqual(("neurons", 2, 10L, "validation"), (a.Kind, a.Epoch, a.Step, a.MeasuredOn));
        Assert.AreEqual((4, 20L), (b.Epoch, b.Step));
        // 9 and 7 neurons: floor(0.3 * 9) = 2 and floor(0.3 * 7) = 2; then 2 of 7 up to the target of 4, and 1 of 5 up to 3.
        CollectionAssert.AreEqual(new[] { ("layers.linear1", 9, 7), ("layers.linear2", 7, 5) }, a.Groups.Select(g => (g.Name, g.Before, g.After)).ToArray());
        CollectionAssert.AreEqual(new[] { (7, 5), (5, 4) }, b.Groups.Select(g => (g.Before, g.After)).ToArray());
        static long Parameters(int h1, int h2) => 13 * h1 + (h1 + 1) * h2 + (h2 + 1) * 3;
        static long Macs(int h1, int h2) => 12 * h1 + h1 * h2 + h2 * 3;
        Assert.AreEqual((Parameters(9, 7), Parameters(7, 5), Parameters(5, 4)), (a.ParametersBefore, a.ParametersAfter, b.ParametersAfter));
        Assert.AreEqual((Macs(9, 7), Macs(7, 5), Macs(5, 4)), (a.MacsBefore, a.MacsAfter, b.MacsAfter));
        Assert.AreEqual(5 * 12, model["layers.linear1.weight"].Length);
        Assert.AreEqual((history.Epochs[1].ValidationAccuracy, history.Epochs[1].ValidationLoss), (a.AccuracyBefore, a.LossBefore));
        Assert.AreEqual((history.Epochs[3].ValidationAccuracy, history.Epochs[3].ValidationLoss), (a.AccuracyRecovered, a.LossRecovered));
        Assert.AreEqual((history.Epochs[4].ValidationAccuracy, history.Epochs[4].ValidationLoss), (b.AccuracyRecovered, b.LossRecovered));
        Assert.AreNotEqual(a.LossBefore, a.LossAfter);
        Assert.IsGreaterThan(0, a.Seconds!.Value);
        for (var g = 0; g < 2; g++)
        {
            CollectionAssert.AreEqual(criterion.Given[0][g], a.Groups[g].Scores.ToArray());
            var worst = criterion.Given[0][g].Select((s, n) => (s, n)).OrderBy(p => p.s).Take(2).Select(p => p.n).Order().ToArray();
            CollectionAssert.AreEqual(worst, a.Groups[g].Removed.ToArray());
            CollectionAssert.AreEqual(worst, a.Groups[g].RemovedOriginal.ToArray());
            var left = Enumerable.Range(0, a.Groups[g].Before).Except(worst).ToArray();
            CollectionAssert.AreEqual(b.Groups[g].Removed.Select(n => left[n]).ToArray(), b.Groups[g].RemovedOriginal.ToArray());
        }
        var json = history.ToJson();
        Assert.AreEqual(json, TrainingHistory.FromJson(json).ToJson());
        Assert.AreEqual(0, criterion.Alive);
    }

    [TestMethod]
    public void Without_a_validation_set_events_are_measured_on_rows_of_the_training_set()
    {
        Evaluation? before = null, after = null;
        void Measure(TrainingRun run, ref Evaluation? to)
        {
            using var set = run.FirstExamples(40);
            to = run.Evaluate(set);
        }
        var (_, history) = Runs.Train(plain with
        {
            Hooks = [new Hook { OnAfterEpoch = run => { if (run.Epoch == 1) Measure(run, ref before); }, OnBeforeForward = run => { if (run.Epoch == 2 && after is null) Measure(run, ref after); } },
                (By(Schedule.OneShot(2, 0.5)) with { MeasuredRows = 40 }).Begin()],
        });
        var e = history.Events.Single();
        Assert.AreEqual(("training", before!.Loss, before.Accuracy, after!.Loss, after.Accuracy), (e.MeasuredOn, e.LossBefore, e.AccuracyBefore, e.LossAfter, e.AccuracyAfter));
        Assert.AreEqual(40, before.Rows);
        Assert.IsNotNull(e.LossRecovered);

        (_, history) = Runs.Train(plain with { Hooks = [(By(Schedule.OneShot(2, 0.5)) with { MeasuredRows = 0 }).Begin()] });
        Assert.IsNull(history.Events.Single().LossAfter);
    }

    [TestMethod]
    public void The_smaller_network_computes_what_the_masked_one_did()
    {
        var rows = randn(16, 12);
        Tensor? masked = null;
        double worst = 1;
        Runs.Train(plain with
        {
            Hooks = [
                new Hook
                {
                    OnAfterEpoch = run =>
                    {
                        if (run.Epoch != 1)
                            return;
                        using var example = run.Example();
                        var model = (nn.Module<Tensor, Tensor>)run.Model;
                        var map = NeuronMap.Discover(model, example);
                        var scores = FixedScores.WeightSums.Watch(map).Scores();
                        using var mask = map.Mask(map.Groups.Select((g, i) => new NeuronSelection(g, Ranking.Bottom(scores[i], g.Size / 2))));
                        using var off = no_grad();
                        masked = model.call(rows);
                    },
                    OnBeforeForward = run =>
                    {
                        if (run.Epoch != 2 || worst < 1)
                            return;
                        using var off = no_grad();
                        worst = (masked! - ((nn.Module<Tensor, Tensor>)run.Model).call(rows)).abs().max().item<float>();
                    },
                },
                (By(Schedule.OneShot(2, 0.5)) with { Verify = true }).Begin()],
        });
        Assert.IsLessThan(1e-5, worst);
    }

    [TestMethod]
    public void A_group_of_one_neuron_stays_and_small_groups_reach_their_target()
    {
        var (model, history) = Runs.Train(plain with { Epochs = 12, Hooks = [By(Schedule.Stepwise(1, 1, 0.1, 0.7)).Begin()] }, build: () => new FeedForward([12, 1, 5, 3]));
        Assert.AreEqual(12, model["layers.linear1.weight"].Length);
        // A tenth of 5 is no neuron; still one goes at a time, until floor(0.7 * 5) = 3 are gone.
        CollectionAssert.AreEqual(new[] { 4, 3, 2 }, history.Events.Select(e => e.Groups.Single(g => g.Name.EndsWith('2')).After).ToArray());
        Assert.AreEqual(2, model["layers.linear2.bias"].Length);
    }

    [TestMethod]
    public void Chosen_groups_alone_are_pruned_and_keep_their_minimum()
    {
        var (model, history) = Runs.Train(plain with { Hooks = [(By(Schedule.OneShot(1, 0.9)) with { Groups = ["*2"], MinimumNeurons = 3 }).Begin()] });
        Assert.AreEqual((9, 3), (model["layers.linear1.bias"].Length, model["layers.linear2.bias"].Length));
        Assert.AreEqual("layers.linear2", history.Events.Single().Groups.Single().Name);
    }

    [TestMethod]
    public void One_ranking_over_all_groups_takes_the_least_important_of_all()
    {
        // The second group's scores are all above the first's, but not by the mean of their group.
        var criterion = new FixedScores(g => [.. Enumerable.Range(1, g.Size).Select(n => g.Name.EndsWith('1') ? n : 100.0 + 90 * n)]);
        int[] Sizes(ScoreNormalization normalization)
        {
            var (model, _) = Runs.Train(plain with { Hooks = [new NeuronPruning { Importance = criterion, Scope = PruningScope.Global, Normalization = normalization, Schedule = Schedule.OneShot(1, 0.5) }.Begin()] });
            return [model["layers.linear1.bias"].Length, model["layers.linear2.bias"].Length];
        }
        CollectionAssert.AreEqual(new[] { 1, 7 }, Sizes(ScoreNormalization.None));
        // 1..9 over 5, and 190..730 over 460: the eight smallest quotients are 0.2, 0.4, 0.41, 0.6, 0.61, 0.8, 0.80 and, of two that are 1, the later group's.
        CollectionAssert.AreEqual(new[] { 5, 3 }, Sizes(ScoreNormalization.Mean));
    }

    [TestMethod]
    public void Weights_alone_can_say_it_before_the_first_epoch()
    {
        var (model, history) = Runs.Train(plain with { Epochs = 2, Hooks = [By(Schedule.OneShot(0, 0.5)).Begin()] });
        Assert.AreEqual(5, model["layers.linear1.bias"].Length);
        Assert.AreEqual((0, 0L), (history.Events.Single().Epoch, history.Events.Single().Step));
        Assert.IsTrue(history.Epochs.All(e => e.Parameters == history.Events[0].ParametersAfter));
    }

    [TestMethod]
    public void Only_the_groups_that_may_be_pruned_are_watched()
    {
        var criterion = new InputMeans();
        var (model, history) = Runs.Train(plain with { Replicas = 2, Hooks = [(By(Schedule.OneShot(2, 0.5)) with { Importance = criterion, Groups = ["*linear2"] }).Begin()] });
        // 5 batches, on 2 replicas, through the reader of the one group.
        Assert.AreEqual(5 * 2, criterion.Seen);
        CollectionAssert.AreEqual(criterion.Given.Single().Single(), history.Events.Single().Groups.Single().Scores.ToArray());
        Assert.AreEqual((9, 4), (model["layers.linear1.bias"].Length, model["layers.linear2.bias"].Length));
    }

    [TestMethod]
    public void Only_the_wanted_part_of_the_batches_is_watched_and_validation_is_not()
    {
        var criterion = new InputMeans();
        Runs.Train(plain with { Replicas = 2, Hooks = [(By(Schedule.OneShot(2, 0.5)) with { Importance = criterion, ObserveFraction = 0.4 }).Begin()] }, validation: Rows.Blobs(30, 12, 3, 8));
        // The last 2 of 5 batches, on 2 replicas, through the readers of 2 groups.
        Assert.AreEqual(2 * 2 * 2, criterion.Seen);
        Assert.HasCount(1, criterion.Given);
    }
}
