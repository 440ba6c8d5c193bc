using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Burden;

[TestClass]
[DoNotParallelize]
public sealed class StudyTests
{
    sealed class Told : IProgress<BurdenProgress>
    {
        public List<BurdenProgress> All { get; } = [];

        public void Report(BurdenProgress value) => All.Add(value);
    }

    static BurdenStudy Study(Action<int, bool, nn.Module>? made = null) => new()
    {
        // What merging would do here is half of the hidden neurons.
        Task = (seed, merged) =>
        {
            var plan = new FeedForwardBlueprint([12, merged ? 8 : 16, 3]);
            var model = plan.Build();
            made?.Invoke(seed, merged, model);
            return new() { Model = model, Copy = plan.Build, Examples = Rows.Blobs(200, 12, 3), Validation = Rows.Blobs(60, 12, 3, 9), Objective = new CrossEntropy(3) };
        },
        Options = new TrainingOptions { Epochs = 3, BatchSize = 20, LearningRate = 0.02, Replicas = 1, HistoryInterval = 1 },
        Pruning = new WeightPruning { Sparsity = 0.75, Every = 5 },
        Seeds = [1, 4],
        Kinds = Enum.GetValues<BurdenRunKind>(),
        Monitor = new BurdenMonitor { Interval = 10 },
    };

    [TestMethod]
    public void All_trainings_of_a_seed_begin_alike_and_those_from_scratch_have_the_found_masks_or_as_dense_ones()
    {
        var firsts = new List<(int Seed, bool Merged, Dictionary<string, float[]> Values)>();
        var told = new Told();
        var result = (Study((seed, merged, model) => firsts.Add((seed, merged, Runs.Values(model)))) with { Progress = told }).Run();
        Assert.HasCount(16, result.Runs);
        foreach (var group in firsts.GroupBy(f => (f.Seed, f.Merged)))
        {
            Assert.AreEqual(4, group.Count());
            foreach (var other in group)
                Runs.AreSame(group.First().Values, other.Values);
        }
        Assert.IsFalse(firsts[0].Values["layers.linear1.weight"].SequenceEqual(firsts[8].Values["layers.linear1.weight"]));
        foreach (var merged in new[] { false, true })
            foreach (var seed in new[] { 1, 4 })
            {
                var (dense, dynamic, optimal, random) = (Of(BurdenRunKind.Dense), Of(BurdenRunKind.Dynamic), Of(BurdenRunKind.Optimal), Of(BurdenRunKind.Random));
                Assert.IsNull(dense.Masks);
                Assert.AreEqual(dense.History.Steps[0].Loss, dynamic.History.Steps[0].Loss, "the same weights and the same first batch");
                for (var l = 0; l < dynamic.Masks!.Masks.Count; l++)
                {
                    Assert.IsTrue(dynamic.Masks.Masks[l].Active.SequenceEqual(optimal.Masks!.Masks[l].Active));
                    Assert.IsFalse(dynamic.Masks.Masks[l].Active.SequenceEqual(random.Masks!.Masks[l].Active));
                    Assert.AreEqual(dynamic.Masks.Masks[l].ActiveCount, random.Masks.Masks[l].ActiveCount);
                    Assert.AreEqual((long)Math.Round(0.25 * dynamic.Masks.Masks[l].Count), dynamic.Masks.Masks[l].ActiveCount, 1);
                }
                CollectionAssert.AreEqual(dynamic.Costs.ToArray(), optimal.Costs.ToArray());
                Assert.IsLessThan(random.Costs[0].Reconstruction, dynamic.Costs[0].Reconstruction, "large weights are kept: of the same inputs, chance loses more");
                CollectionAssert.AreEqual(dynamic.Costs.Select(c => c.Density).ToArray(), random.Costs.Select(c => c.Density).ToArray());
                Assert.IsTrue(dynamic.Costs.All(c => c.Reconstruction > 0), "what is off has learnt on beneath");
                foreach (var run in new[] { dense, dynamic, optimal, random })
                {
                    Assert.HasCount(3, run.History.Epochs);
                    Assert.HasCount(3, run.History.Burden[0].Windows);
                    Assert.AreEqual(run.History.Epochs[^1].ValidationAccuracy, run.Accuracy);
                }

                BurdenRun Of(BurdenRunKind kind) => result.Of(kind, merged).Single(r => r.Seed == seed);
            }
        Assert.AreEqual(16, told.All.Count(p => p.Finished is not null));
        Assert.IsTrue(told.All.All(p => p.Count == 16 && p.Number is >= 1 and <= 16));
        Assert.IsGreaterThan(16, told.All.Count(p => p.Training is not null));

        var json = result.ToJson();
        var back = BurdenResult.FromJson(json);
        Assert.AreEqual(json, back.ToJson());
        Assert.IsTrue(result.Runs[1].Masks!.Masks[0].Active.SequenceEqual(back.Runs[1].Masks!.Masks[0].Active));
        CollectionAssert.AreEqual(result.Runs[3].Costs.ToArray(), back.Runs[3].Costs.ToArray());
    }

    [TestMethod]
    public void An_interrupted_study_goes_on_where_it_stopped_to_the_same_result()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune-study").FullName;
        try
        {
            var study = Study() with { Seeds = [2], Merging = [true] };
            var whole = study.Run();
            var made = 0;
            var stop = new CancellationTokenSource();
            var cut = Study((_, _, _) => { if (++made == 3) stop.Cancel(); }) with { Seeds = [2], Merging = [true], Folder = folder };
            Assert.ThrowsExactly<OperationCanceledException>(() => cut.Run(stop.Token));
            Assert.HasCount(2, Directory.GetFiles(folder));
            var result = cut.Run();
            Assert.AreEqual(5, made, "the dense and the dynamic run were not trained again");
            for (var r = 0; r < 4; r++)
            {
                Assert.AreEqual(whole.Runs[r].Accuracy, result.Runs[r].Accuracy);
                // Some LibTorchs add up in another order where memory begins elsewhere.
                foreach (var (one, other) in whole.Runs[r].Costs.Zip(result.Runs[r].Costs))
                {
                    Assert.AreEqual((one.Layer, one.Density), (other.Layer, other.Density));
                    Assert.AreEqual(one.Reconstruction, other.Reconstruction, 1e-6 * Math.Abs(one.Reconstruction));
                }
                Assert.HasCount(whole.Runs[r].Costs.Count, result.Runs[r].Costs);
                CollectionAssert.AreEqual(whole.Runs[r].History.Burden[0].Epochs[^1].Gradients.ToArray(), result.Runs[r].History.Burden[0].Epochs[^1].Gradients.ToArray());
            }
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => (cut with { Options = cut.Options with { Epochs = 4 } }).Run()).Message, "epochs 3");
            File.WriteAllText(Path.Combine(folder, "dense-2-merged.json"), "{");
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => cut.Run()).Message, "dense-2-merged.json");
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [TestMethod]
    public void Wrong_settings_are_told_before_training()
    {
        foreach (var (study, message) in new (BurdenStudy, string)[]
        {
            (Study() with { Seeds = [] }, "BurdenStudy.Seeds is []; it must be different seeds of 0 or more"),
            (Study() with { Seeds = [1, 1] }, "BurdenStudy.Seeds is [1, 1]"),
            (Study() with { Kinds = [BurdenRunKind.Random] }, "BurdenStudy.Kinds is [Random]; it must be with Dynamic"),
            (Study() with { Merging = [true, true] }, "BurdenStudy.Merging"),
            (Study() with { Pruning = new WeightPruning { Sparsity = 1 } }, "Pruning.Sparsity is 1"),
            (Study() with { Monitor = new() { Interval = 0 } }, "BurdenMonitor.Interval is 0"),
            (Study() with { Options = new TrainingOptions { Epochs = 0 } }, "Epochs is 0"),
            (Study() with { Options = new TrainingOptions { Hooks = [new BurdenMonitor().Begin()] } }, "BurdenStudy.Options.Hooks is 1; it must be empty"),
            (Study() with { CostExamples = 0 }, "BurdenStudy.CostExamples is 0"),
        })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => study.Run()).Message, message);
        foreach (var text in new[] { "", "null", "{}", "[]", "{\"runs\":[{}]}" })
            Assert.ThrowsExactly<InvalidDataException>(() => BurdenResult.FromJson(text), text);
    }
}
