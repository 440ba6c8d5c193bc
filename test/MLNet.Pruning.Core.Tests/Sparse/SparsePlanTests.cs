using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Sparse;

[TestClass]
[DoNotParallelize] // it counts tensors
public sealed class SparsePlanTests
{
    /// <summary>Mixes tokens, as a transformer's blocks do: [rows, 7, 24].</summary>
    sealed class Tokens : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> into, back;

        public Tokens() : base(nameof(Tokens))
        {
            (into, back) = (nn.Linear(24, 200), nn.Linear(200, 24, hasBias: false));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => input.Plus(back.call(into.call(input).relu())).mean([1]);
    }

    /// <summary>Calls its layer past its hooks.</summary>
    sealed class Hidden : nn.Module<Tensor, Tensor>
    {
        readonly nn.Module<Tensor, Tensor> inner;

        public Hidden() : base(nameof(Hidden))
        {
            inner = nn.Linear(100, 100);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => inner.forward(input);
    }

    static void Mask(nn.Module model, double density, int seed = 1)
    {
        using var off = no_grad();
        random.manual_seed(seed);
        foreach (var (name, parameter) in model.named_parameters())
            if (name.EndsWith("weight", StringComparison.Ordinal))
                parameter.mul_(rand(parameter.shape).With(density, (x, density) => x.lt(density)));
    }

    static FeedForward Network(double density, params int[] sizes)
    {
        var network = new FeedForward(sizes);
        Mask(network, density);
        network.eval();
        return network;
    }

    static void Agrees(nn.Module<Tensor, Tensor> model, SparsePlan plan, Tensor input)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var (dense, sparse) = (model.call(input), plan.Run(() => model.call(input)));
        CollectionAssert.AreEqual(dense.shape, sparse.shape);
        Assert.IsTrue(dense.NumberOfElements == 0 || (dense - sparse).abs().max().item<float>() < 1e-4f);
    }

    [TestMethod]
    public void A_network_computes_the_same_for_any_number_of_rows()
    {
        using var network = Network(0.1, 300, 100, 50, 10);
        using var plan = SparsePlan.For(network, [300], SparseScoring.Sparse);
        CollectionAssert.AreEqual(new[] { "layers.linear1", "layers.linear2", "layers.linear3" }, plan.Layers.Select(l => l.Layer).ToArray());
        foreach (var rows in new[] { 0, 1, 2, 9, 64, 257 })
        {
            using var input = randn(rows, 300);
            Agrees(network, plan, input);
        }
    }

    [TestMethod]
    public void The_sparse_form_is_really_used_and_only_within_a_run()
    {
        using var network = Network(0.1, 200, 100, 10);
        using var plan = SparsePlan.For(network, [200], SparseScoring.Sparse);
        using var input = randn(20, 200);
        using var off = no_grad();
        using var before = network.call(input);
        // The plan has a copy of the weights: what is written to them shows who computes.
        network.get_parameter("layers.linear2.weight")!.zero_();
        using var sparse = plan.Run(() => network.call(input));
        Assert.IsLessThan(1e-4f, (sparse - before).abs().max().item<float>());
        using var dense = network.call(input);
        Assert.IsGreaterThan(0.01f, (dense - before).abs().max().item<float>());
        plan.Refresh();
        using var refreshed = plan.Run(() => network.call(input));
        Assert.IsLessThan(1e-4f, (refreshed - dense).abs().max().item<float>());
        plan.Dispose();
        using var after = plan.Run(() => network.call(input));
        Assert.IsTrue(after.equal(dense).all().item<bool>());
    }

    [TestMethod]
    public void A_dense_layer_is_not_copied_and_becomes_sparse_once_it_has_enough_zeros()
    {
        using var network = Network(0.8, 1024, 1024, 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var plan = SparsePlan.For(network, [1024], SparseScoring.Automatic);
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before); // its weights are 4 MB
        Assert.IsEmpty(plan.Layers);
        Mask(network, 0.1);
        plan.Refresh();
        CollectionAssert.AreEqual(new[] { true, true }, plan.Layers.Select(layer => layer.IsSparse).ToArray());
        using var input = randn(3, 1024);
        Agrees(network, plan, input);
    }

    [TestMethod]
    public void Layers_are_covered_whose_inputs_have_tokens()
    {
        using var model = new Tokens();
        Mask(model, 0.1);
        using var plan = SparsePlan.For(model, [7, 24], SparseScoring.Sparse);
        Assert.HasCount(2, plan.Layers);
        using var input = randn(5, 7, 24);
        Agrees(model, plan, input);
        using var turned = input.transpose(0, 1).contiguous().transpose(0, 1); // not contiguous
        Agrees(model, plan, turned);
    }

    [TestMethod]
    public void A_single_layer_takes_a_vector()
    {
        using var layer = nn.Linear(50, 20);
        Mask(layer, 0.2);
        using var plan = SparsePlan.For(layer, [50], SparseScoring.Sparse);
        using var vector = randn(50);
        Agrees(layer, plan, vector);
        Assert.AreEqual("Linear", plan.Layers.Single().Layer);
    }

    [TestMethod]
    public void Masks_of_every_kind_are_computed()
    {
        foreach (var rule in new[] { MaskRule.Pattern(2, 4), MaskRule.Pattern(1, 8) })
        {
            using (var network = Trained(new WeightPruning { Rule = rule, Every = 2 }))
            using (var plan = SparsePlan.For(network, [64], SparseScoring.Sparse))
            using (var input = randn(33, 64))
            {
                Assert.IsNotEmpty(plan.Layers);
                Agrees(network, plan, input);
            }
        }
        // All layers together at 99 %: rows without a weight, and perhaps layers.
        using (var bare = Trained(new WeightPruning { Schedule = Schedule.Constant(0.99), Distribution = MaskDistribution.Global, Every = 2 }))
        using (var plan = SparsePlan.For(bare, [64], SparseScoring.Sparse))
        using (var input = randn(33, 64))
        {
            using var off = no_grad();
            Assert.IsTrue(bare.get_parameter("layers.linear1.weight")!.abs().sum(1).eq(Scalars.Zero).any().item<bool>());
            Agrees(bare, plan, input);
            foreach (var (_, parameter) in bare.named_parameters())
                parameter.zero_();
            using var empty = SparsePlan.For(bare, [64], SparseScoring.Sparse);
            Assert.AreEqual(0, empty.Layers[0].Density);
            Agrees(bare, empty, input);
        }

        static FeedForward Trained(WeightPruning pruning)
        {
            var blueprint = new FeedForwardBlueprint([64, 80, 4]);
            var network = (FeedForward)blueprint.Build();
            new TrainingLoop(new() { Epochs = 2, BatchSize = 16, Replicas = 1, Hooks = [pruning.Begin()] })
                .Run(new() { Model = network, Copy = blueprint.Build, Examples = Tests.Training.Rows.Blobs(64, 64, 4), Objective = new CrossEntropy(4) });
            network.eval();
            return network;
        }
    }

    [TestMethod]
    public void A_row_gives_the_same_bits_however_many_rows_are_beside_it()
    {
        using var network = Network(0.1, 301, 101, 50, 10);
        using var plan = SparsePlan.For(network, [301], SparseScoring.Sparse);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var input = randn(70, 301);
        var whole = plan.Run(() => network.call(input));
        foreach (var (first, rows) in new[] { (0, 1), (69, 1), (3, 2), (10, 17), (30, 33) })
        {
            var part = plan.Run(() => network.call(input.narrow(0, first, rows)));
            Assert.IsTrue(part.equal(whole.narrow(0, first, rows)).all().item<bool>(), $"{rows} rows from {first}");
        }
    }

    [TestMethod]
    public void A_NaN_or_an_infinity_spreads_as_in_the_dense_layer_and_leaves_other_rows_alone()
    {
        using var network = Network(0.1, 100, 60, 10);
        using var plan = SparsePlan.For(network, [100], SparseScoring.Sparse);
        using var input = randn(20, 100);
        using var off = no_grad();
        using var whole = plan.Run(() => network.call(input));
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity })
        {
            input[3, 5] = bad;
            using var output = plan.Run(() => network.call(input));
            Assert.IsTrue(output[3].isnan().all().item<bool>());
            foreach (var row in new[] { 0, 2, 4, 19 })
                Assert.IsTrue(output[row].equal(whole[row]).all().item<bool>(), $"row {row}");
        }
    }

    [TestMethod]
    public void Weights_that_learned_further_are_noticed()
    {
        using var network = Network(0.1, 100, 60, 10);
        using var plan = SparsePlan.For(network, [100], SparseScoring.Sparse);
        using var input = randn(8, 100);
        using var before = plan.Run(() => network.call(input));
        new TrainingLoop(new() { Epochs = 1, BatchSize = 16, LearningRate = 0.1, Replicas = 1 }).Run(new()
        {
            Model = network,
            Copy = () => new FeedForward([100, 60, 10]),
            Examples = Tests.Training.Rows.Blobs(64, 100, 10),
            Objective = new CrossEntropy(10),
        });
        using (no_grad())
        {
            using var after = plan.Run(() => network.call(input));
            Assert.IsGreaterThan(0.01f, (after - before).abs().max().item<float>());
        }
        Agrees(network, plan, input);
        Assert.IsEmpty(plan.Layers, "most weights are on now");

        // A loop of one's own, scored in between.
        using var two = Scalars.Of(2);
        Mask(network, 0.1);
        plan.Refresh();
        Assert.HasCount(2, plan.Layers);
        foreach (var _ in new int[3])
        {
            using var loss = network.call(input).sum();
            loss.backward();
            Agrees(network, plan, input);
            using (no_grad())
                foreach (var parameter in network.parameters())
                    parameter.mul_(two);
            Agrees(network, plan, input);
        }
        Assert.HasCount(2, plan.Layers);
    }

    [TestMethod]
    public void The_model_goes_on_learning_outside_of_a_run_but_not_within()
    {
        using var network = Network(0.1, 100, 60, 10);
        using var plan = SparsePlan.For(network, [100], SparseScoring.Sparse);
        using var input = randn(8, 100);
        using var inside = plan.Run(() => network.call(input));
        Assert.IsFalse(inside.requires_grad);
        using var outside = network.call(input);
        outside.sum().backward();
        using var gradient = network.get_parameter("layers.linear1.weight")!.grad!;
        Assert.IsGreaterThan(0f, gradient.abs().max().item<float>());
    }

    [TestMethod]
    public void Many_threads_score_at_the_same_time_with_two_plans()
    {
        using var first = Network(0.1, 200, 100, 10);
        using var second = Network(0.2, 200, 100, 10);
        using var firstPlan = SparsePlan.For(first, [200], SparseScoring.Sparse);
        using var secondPlan = SparsePlan.For(second, [200], SparseScoring.Sparse);
        Parallel.For(0, 64, i =>
        {
            using var off = no_grad();
            using var scope = NewDisposeScope();
            var input = ones(i % 5 + 1, 200).Times((i - 32) / 32f);
            var (network, plan) = i % 2 == 0 ? (first, firstPlan) : (second, secondPlan);
            Assert.IsLessThan(1e-4f, (network.call(input) - plan.Run(() => network.call(input))).abs().max().item<float>());
            // A plan is one model's: another's layers are dense within its run.
            Assert.IsTrue(second.call(input).equal(firstPlan.Run(() => second.call(input))).all().item<bool>());
        });
    }

    [TestMethod]
    public void Scoring_leaves_no_tensor()
    {
        using var network = Network(0.1, 300, 100, 10);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var plan = SparsePlan.For(network, [300]))
        using (var forced = SparsePlan.For(network, [300], SparseScoring.Sparse))
        using (var input = randn(20, 300))
        {
            void Score()
            {
                using var scope = NewDisposeScope();
                plan.Run(() => network.call(input));
                forced.Run(() => network.call(input));
            }
            Score();
            var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (var i = 0; i < 20; i++)
                Score();
            Assert.AreEqual(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Dense_models_and_small_layers_are_left_dense()
    {
        using var dense = Network(0.9, 300, 100, 10);
        using var plan = SparsePlan.For(dense, [300]);
        Assert.IsEmpty(plan.Layers);
        using var small = Network(0.1, 30, 20, 10);
        using var sparse = Network(0.1, 300, 100, 10);
        foreach (var (network, scoring) in new[] { (small, SparseScoring.Automatic), (sparse, SparseScoring.Dense) })
        {
            Tensor Called(Tensor _) => throw new AssertFailedException("The model was called.");
            using var none = SparsePlan.For(network, [network == small ? 30 : 300], Called, scoring);
            Assert.IsEmpty(none.Layers);
        }
    }

    [TestMethod]
    public void A_layer_is_computed_as_the_rule_says()
    {
        foreach (var (density, expected) in new[] { (0.05, true), (0.49, false) })
        {
            using var network = Network(density, 256, 256, 10);
            using var plan = SparsePlan.For(network, [256]);
            var told = plan.Layers.Single(l => l.Layer == "layers.linear1");
            Assert.AreEqual((256, 256, expected, expected), (told.Inputs, told.Outputs, told.IsSparse, told.Kernel != "LibTorch"));
            Assert.AreEqual(density, told.Density, 0.005);
            using var input = randn(10, 256);
            Agrees(network, plan, input);
        }
    }

    [TestMethod]
    public void A_model_that_passes_hooks_by_or_refuses_the_trial_is_left_dense()
    {
        using var hidden = new Hidden();
        Mask(hidden, 0.1);
        using var plan = SparsePlan.For(hidden, [100]);
        Assert.IsEmpty(plan.Layers);
        using var network = Network(0.1, 100, 60, 10);
        using var refusing = SparsePlan.For(network, [100], _ => throw new InvalidOperationException("not this row"));
        Assert.IsEmpty(refusing.Layers);
        using var input = randn(3, 100);
        Agrees(network, refusing, input);
    }

    [TestMethod]
    public void Random_numbers_are_drawn_as_if_there_were_no_plan()
    {
        using var network = Network(0.1, 300, 100, 10);
        random.manual_seed(5);
        using var expected = rand(10);
        random.manual_seed(5);
        using var plan = SparsePlan.For(network, [300]);
        using var found = rand(10);
        Assert.IsTrue(expected.equal(found).all().item<bool>());
    }

    [TestMethod]
    public void An_unknown_way_is_refused()
    {
        using var network = Network(0.1, 30, 10);
        var failure = Assert.ThrowsExactly<ArgumentException>(() => SparsePlan.For(network, [30], (SparseScoring)7));
        StringAssert.Contains(failure.Message, "The scoring is 7; wanted one of Automatic, Dense, Sparse.");
    }
}
