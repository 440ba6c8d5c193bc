using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class NeuronScoresTests
{
    static IEnumerable<IImportance> Criteria =>
        [new Contribution(), new ActivationMean(), new Apoz(), new Taylor(), new Lrp(), new WeightNorm(), new WeightNorm(2), new RandomImportance(3)];

    [TestMethod]
    public void Every_criterion_scores_examples_in_batches_of_any_size_and_leaves_the_model_as_it_was()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var model = new FeedForward([12, 9, 7, 3]);
        var rows = Rows.Blobs(50, 12, 3);
        var map = NeuronMap.Discover(model, randn(1, 12));
        model.train();
        using var state = get_rng_state();
        foreach (var criterion in Criteria)
        {
            var scores = NeuronScores.Of(criterion, map, rows, new CrossEntropy(3), batchSize: 50);
            var inBatches = NeuronScores.Of(criterion, map, rows, new CrossEntropy(3), batchSize: 8);
            for (var g = 0; g < 2; g++)
            {
                Assert.HasCount(map.Groups[g].Size, scores[g]);
                Assert.IsTrue(scores[g].All(double.IsFinite));
                Assert.IsGreaterThan(0, scores[g].Sum(), criterion.ToString());
                Numbers.AreClose(scores[g], inBatches[g], 1e-4, $"{criterion}: {map.Groups[g].Name}");
            }
        }
        Assert.IsTrue(model.training);
        Assert.IsTrue(model.parameters().All(p => p.requires_grad && p.grad is null));
        using var after = get_rng_state();
        Assert.IsTrue(state.bytes.SequenceEqual(after.bytes));
    }

    sealed record GradientNorm : IImportance
    {
        public bool NeedsData => true;

        public bool NeedsParameterGradients => true;

        public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(map);

        sealed class Observer(NeuronMap map) : IImportanceObserver
        {
            readonly double[][] sums = [.. map.Groups.Select(group => new double[group.Size])];

            public void AfterBackward(Batch batch, int rowsOfAll)
            {
                using var scope = NewDisposeScope();
                foreach (var (g, group) in map.Groups.Index())
                {
                    var norms = group.Producers.First().Module.get_parameter("weight")!.grad!.abs().sum(1L).data<float>().ToArray();
                    for (var n = 0; n < group.Size; n++)
                        sums[g][n] += norms[n];
                }
            }

            public void Add(IImportanceObserver other) => throw new NotSupportedException();

            public IReadOnlyList<double[]> Scores() => sums;

            public void Dispose()
            {
            }
        }
    }

    [TestMethod]
    public void A_criterion_that_reads_gradients_of_parameters_gets_those_of_its_batches_and_leaves_the_ones_before()
    {
        using var scope = NewDisposeScope();
        var model = new FeedForward([12, 9, 3]);
        var map = NeuronMap.Discover(model, randn(1, 12));
        var objective = new CrossEntropy(3);
        var batch = new Batch(randn(8, 12), tensor(new long[] { 0, 1, 2, 0, 1, 2, 0, 1 }));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => NeuronScores.Of(new GradientNorm(), map, [batch])).Message,
            "GradientNorm reads gradients");
        var alone = NeuronScores.Of(new GradientNorm(), map, [batch], objective);
        Assert.IsGreaterThan(0, alone[0].Sum());
        Assert.IsTrue(model.parameters().All(p => p.grad is null));
        // What a step has left neither counts nor is lost.
        objective.Compute(model, new Batch(randn(4, 12), tensor(new long[] { 0, 0, 1, 2 }))).Loss.backward();
        var left = model.parameters().Select(p => (p.grad!.clone(), p.grad!)).ToArray();
        var twice = NeuronScores.Of(new GradientNorm(), map, [batch, batch], objective);
        Numbers.AreClose([.. alone[0].Select(score => 2 * score)], twice[0], 1e-6, "twice");
        foreach (var (parameter, (gradient, same)) in model.parameters().Zip(left))
        {
            Assert.IsTrue(parameter.grad!.equal(gradient).all().item<bool>());
            same.fill_(Scalars.One);
            Assert.IsTrue(parameter.grad!.equal(same).all().item<bool>(), "not the same tensor");
        }
    }

    [TestMethod]
    public void No_more_rows_are_looked_at_than_asked_for()
    {
        using var scope = NewDisposeScope();
        var model = new FeedForward([12, 9, 7, 3]);
        var map = NeuronMap.Discover(model, randn(1, 12));
        var few = NeuronScores.Of(new Contribution(), map, Rows.Blobs(10, 12, 3), batchSize: 4);
        var cut = NeuronScores.Of(new Contribution(), map, Rows.Blobs(50, 12, 3), batchSize: 4, atMost: 10);
        Numbers.AreClose(few[0], cut[0], 1e-6, "score");
    }

    [TestMethod]
    public void Taylor_without_an_objective_says_that_nothing_went_back()
    {
        using var scope = NewDisposeScope();
        var model = new FeedForward([12, 9, 7, 3]);
        var map = NeuronMap.Discover(model, randn(1, 12));
        Assert.ThrowsExactly<InvalidOperationException>(() => NeuronScores.Of(new Taylor(), map, [new Batch(randn(4, 12))]));
    }

    [TestMethod]
    public void Normalized_groups_have_a_mean_size_of_one()
    {
        var scores = NeuronScores.Normalized([[1, 2, 3], [0, 0], [-1, 3]]);
        CollectionAssert.AreEqual(new[] { 0.5, 1, 1.5 }, scores[0]);
        CollectionAssert.AreEqual(new[] { 0.0, 0 }, scores[1]);
        CollectionAssert.AreEqual(new[] { -0.5, 1.5 }, scores[2]);
    }

    /// <summary>What observes an epoch in the way that pruning does, on as many replicas as there are.</summary>
    sealed class Observing(IImportance criterion, NeuronMap map) : ITrainingHook
    {
        readonly List<IImportanceObserver> observers = [];

        public IReadOnlyList<double[]> Scores { get; private set; } = [];

        public void ReplicasBuilt(TrainingRun run) =>
            observers.AddRange(run.Replicas.Select(r => criterion.Watch(map.For(r, x => [((nn.Module<Tensor, Tensor>)r).call(x)]))));

        public void AfterBackward(TrainingRun run)
        {
            for (var i = 0; i < run.Batches.Count; i++)
                observers[i].AfterBackward(run.Batches[i], run.Batches.Sum(b => b.Rows));
        }

        public void AfterEpoch(TrainingRun run)
        {
            foreach (var observer in observers.Skip(1))
                observers[0].Add(observer);
            Scores = observers[0].Scores();
        }

        public void Ended(TrainingRun run) => observers.ForEach(o => o.Dispose());
    }

    [TestMethod]
    public void In_training_two_replicas_see_what_one_sees()
    {
        foreach (var criterion in Criteria)
        {
            var scores = new List<IReadOnlyList<double[]>>();
            foreach (var replicas in new[] { 1, 2 })
            {
                using var scope = NewDisposeScope();
                random.manual_seed(5);
                var model = new FeedForward([12, 9, 7, 3]);
                var observing = new Observing(criterion, NeuronMap.Discover(model, randn(1, 12)));
                new TrainingLoop(new TrainingOptions { Epochs = 1, BatchSize = 16, Replicas = replicas, Hooks = [observing] }).Run(new TrainingTask
                {
                    Model = model,
                    Copy = () => new FeedForward([12, 9, 7, 3]),
                    Examples = Rows.Blobs(100, 12, 3),
                    Validation = Rows.Blobs(500, 12, 3, seed: 9),
                    Objective = new CrossEntropy(3),
                });
                scores.Add(observing.Scores);
            }
            for (var g = 0; g < 2; g++)
                Numbers.AreClose(scores[0][g], scores[1][g], 1e-3, criterion.ToString()!);
        }
    }
}
