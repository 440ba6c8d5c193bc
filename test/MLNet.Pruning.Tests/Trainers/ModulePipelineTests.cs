using System.Collections.Concurrent;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class ModulePipelineTests
{
    readonly MLContext context = new(seed: 1);

    /// <summary>A user's own network: a residual block, a normalisation, and two branches that are put together.</summary>
    sealed class Residual : nn.Module<Tensor, Tensor>
    {
        readonly Conv2d stem = nn.Conv2d(1, 6, 3, 1, 1), inner = nn.Conv2d(6, 6, 3, 1, 1), left = nn.Conv2d(6, 4, 1), right = nn.Conv2d(6, 3, 1);
        readonly BatchNorm2d norm = nn.BatchNorm2d(6);
        readonly Linear hidden = nn.Linear(7 * 16, 10), logits = nn.Linear(10, 3);

        static readonly TorchSharp.Scalar one = 1;

        public Residual() : base(nameof(Residual)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var first = stem.call(input).relu();
            var block = first.add(norm.call(inner.call(first)), one).relu();
            var both = nn.functional.max_pool2d(cat([left.call(block), right.call(block)], 1), 2);
            return logits.call(hidden.call(both.flatten(1)).relu());
        }
    }

    PrunedModuleTrainer Trainer(MLContext owner, int epochs = 3, string? called = "Striped") => owner.MulticlassClassification.Trainers.PrunedModule(() => new Residual(), new()
    {
        LabelColumnName = "Kind",
        FeatureColumnName = "Pixels",
        InputShape = [1, 8, 8],
        ModuleName = called,
        Epochs = epochs,
        BatchSize = 16,
        LearningRate = 0.005,
    });

    [TestMethod]
    public void A_module_of_the_users_own_is_trained_evaluated_and_cross_validated()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 240));
        using var model = Trainer(context).Fit(data);
        Assert.IsGreaterThan(0.95, context.MulticlassClassification.Evaluate(model.Transform(data), "Kind").MicroAccuracy);
        foreach (var fold in context.MulticlassClassification.CrossValidate(data, Trainer(context), 2, "Kind"))
        {
            Assert.IsGreaterThan(0.9, fold.Metrics.MicroAccuracy);
            ((IDisposable)fold.Model).Dispose();
        }
    }

    sealed class Counted : nn.Module<Tensor, Tensor>
    {
        readonly Linear logits = nn.Linear(64, 3);

        public Counted() : base(nameof(Counted)) => RegisterComponents();

        public int Disposals { get; private set; }

        public override Tensor forward(Tensor input) => logits.call(input.flatten(1));

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Disposals++;
            base.Dispose(disposing);
        }
    }

    [TestMethod]
    public void A_module_is_disposed_of_once_however_many_readers_come_too_late()
    {
        var made = new ConcurrentBag<Counted>();
        var data = Patterns.Keys(context, Patterns.View(context, 20));
        var model = context.MulticlassClassification.Trainers.PrunedModule(() =>
        {
            var module = new Counted();
            made.Add(module);
            return module;
        }, "Kind", "Pixels", epochs: 1).Fit(data);
        var scored = model.Transform(data);
        int[] Disposals() => [.. made.Select(module => module.Disposals).Order()];
        var before = Disposals();
        model.Dispose();
        var after = Disposals();
        for (int late = 0; late < 3; late++)
            Assert.ThrowsExactly<ObjectDisposedException>(() => scored.GetColumn<uint>("PredictedLabel").Count());
        Assert.AreEqual(before.Sum() + 1, after.Sum());
        CollectionAssert.AreEqual(after, Disposals());
    }

    [TestMethod]
    public void A_pruned_module_is_loaded_at_its_size_by_the_function_that_built_it()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.Keys(context, Patterns.View(context, 60));
        using var model = Trainer(context).Fit(data);
        var map = NeuronMap.Discover(model.Module, rand(1, 1, 8, 8));
        map.Remove([new(map["stem"], [1, 4]), new(map["left"], [0]), new(map["right"], [2]), new(map["hidden"], [3, 5, 6])]);
        context.Model.Save(model, data.Schema, folder["model.zip"]);

        var other = new MLContext().UsePruning().UsePrunedModule("Striped", () => new Residual());
        var chain = other.Model.Load(folder["model.zip"], out _);
        ConvNetPipelineTests.AreSame(model.Transform(data), chain.Transform(data));
        var loaded = (PrunedModelTransformer)((chain as IEnumerable<ITransformer>)?.Last() ?? chain);
        CollectionAssert.AreEqual(new long[] { 4, 4, 3, 3 }, loaded.Module.get_parameter("inner.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 3, 4, 1, 1 }, loaded.Module.get_parameter("left.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 2, 4, 1, 1 }, loaded.Module.get_parameter("right.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 7, 80 }, loaded.Module.get_parameter("hidden.weight")!.shape);

        // What was loaded can be saved and loaded again.
        using var stream = new MemoryStream();
        loaded.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedModelTransformer.ReadFrom(other, stream);
        ConvNetPipelineTests.AreSame(model.Transform(data), again.Transform(data));
        loaded.Dispose();
    }

    [TestMethod]
    public void The_context_that_trained_loads_without_being_told_and_others_say_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.Keys(context, Patterns.View(context, 30));
        using var model = Trainer(context, epochs: 1).Fit(data);
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        ConvNetPipelineTests.AreSame(model.Transform(data), context.Model.Load(folder["model.zip"], out _).Transform(data));

        var unknown = Failure(new MLContext().UsePruning().UsePrunedModule("dotted", () => new Residual()));
        Assert.IsInstanceOfType<InvalidOperationException>(unknown);
        StringAssert.Contains(unknown.Message, "mlContext.UsePrunedModule(\"Striped\"");
        StringAssert.Contains(unknown.Message, "'dotted'");

        var another = Failure(new MLContext().UsePrunedModule("Striped", () => nn.Sequential(("flat", nn.Flatten()), ("only", nn.Linear(64, 3)))));
        StringAssert.Contains(another.Message, "must build what was trained");

        Exception Failure(MLContext other) => Assert.Throws<Exception>(() => other.Model.Load(folder["model.zip"], out _));
    }

    [TestMethod]
    public void A_model_larger_or_of_other_proportions_than_the_builder_gives_is_refused()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 30));
        using var model = context.MulticlassClassification.Trainers.PrunedModule(() => Chain(6, 5), "Kind", "Pixels", epochs: 1).Fit(data);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        foreach (var (hidden, second) in new[] { (5, 5), (6, 4) })
        {
            stream.Position = 0;
            using var other = PrunedModelTransformer.ReadFrom(new MLContext().UsePrunedModule("Sequential", () => Chain(hidden, second)), stream);
            var failure = Assert.Throws<InvalidOperationException>(() => other.Module);
            StringAssert.Contains(failure.Message, "cannot be cut to");
        }
        stream.Position = 0;
        using var cut = PrunedModelTransformer.ReadFrom(new MLContext().UsePrunedModule("Sequential", () => Chain(9, 8)), stream);
        ConvNetPipelineTests.AreSame(model.Transform(data), cut.Transform(data));

        static Sequential Chain(int hidden, int second) => nn.Sequential(("a", nn.Linear(64, hidden)), ("r", nn.ReLU()), ("b", nn.Linear(hidden, second)), ("s", nn.ReLU()), ("c", nn.Linear(second, 3)));
    }

    [TestMethod]
    public void A_module_of_layers_that_plans_know_is_scored_without_its_code()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 30));
        using var model = context.MulticlassClassification.Trainers.PrunedModule(Net, "Kind", "Pixels", epochs: 2).Fit(data);
        Assert.IsNull(model.PlanFailure);
        Assert.IsTrue(model.Scoring.All(layer => layer.Kernel != "LibTorch"), string.Join(", ", model.Scoring));
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        using var loaded = PrunedModelTransformer.ReadFrom(new MLContext().UsePruning(), stream);
        ConvNetPipelineTests.AreSame(model.Transform(data), loaded.Transform(data));
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => loaded.Module).Message, "UsePrunedModule");
        stream.Position = 0;
        var plan = MLNet.Pruning.Plans.ScoringPlan.Load(stream);
        var scores = new float[3];
        var row = Patterns.Draw(1)[0].Pixels;
        plan.Score(row, scores);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var off = TorchSharp.torch.no_grad();
        var expected = model.Module.call(TorchSharp.torch.tensor(row).reshape(1, 64)).softmax(1).data<float>().ToArray();
        for (var i = 0; i < 3; i++)
            Assert.AreEqual(expected[i], scores[i], 1e-5);

        // What the module learns afterwards is scored, with the same graph.
        using (var last = TorchSharp.torch.tensor(3f))
            model.Module.parameters().Last()[0].copy_(last);
        model.Refresh();
        var moved = model.Transform(data).GetColumn<float[]>("Score").First();
        Assert.IsGreaterThan(scores[0], moved[0]);

        static Sequential Net() => nn.Sequential(("image", nn.Unflatten(1, [1, 8, 8])), ("conv", nn.Conv2d(1, 4, 3)), ("relu", nn.ReLU()), ("pool", nn.AdaptiveAvgPool2d([2, 2])), ("flat", nn.Flatten()), ("out", nn.Linear(16, 3)));
    }

    [TestMethod]
    public void A_module_that_plans_do_not_know_says_why()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 30));
        using var model = context.MulticlassClassification.Trainers.PrunedModule(() => new Doubled(), "Kind", "Pixels", epochs: 1).Fit(data);
        Assert.IsNotNull(model.PlanFailure);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => MLNet.Pruning.Plans.ScoringPlan.Load(stream)).Message, model.PlanFailure);
        stream.Position = 0;
        using var loaded = PrunedModelTransformer.ReadFrom(new MLContext().UsePrunedModule("Doubled", () => new Doubled()), stream);
        Assert.AreEqual(model.PlanFailure, loaded.PlanFailure);
    }

    [TestMethod]
    public void A_module_that_was_built_for_a_broken_file_is_freed()
    {
        using var model = context.MulticlassClassification.Trainers.PrunedModule(() => new Doubled(), "Kind", "Pixels", epochs: 1)
            .Fit(Patterns.Keys(context, Patterns.View(context, 30)));
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        var whole = Archive.Read(stream, "The model");
        var broken = new Archive(whole.Kind);
        foreach (var (name, content) in whole.Entries)
            broken.Add(name, content);
        broken.Add("scoring", "{\"scoring\":\"Unheard\"}"u8.ToArray());
        using var file = new MemoryStream();
        broken.Write(file);
        file.Position = 0;
        Doubled? built = null;
        var own = new MLContext().UsePrunedModule("Doubled", () => built = new Doubled());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PrunedModelTransformer.ReadFrom(own, file)).Message, "Unheard");
        Assert.IsTrue(built!.Weight.IsInvalid);
    }

    sealed class Doubled : nn.Module<Tensor, Tensor>
    {
        readonly Linear only = nn.Linear(64, 3);

        public Tensor Weight => only.weight!;

        public Doubled()
            : base(nameof(Doubled)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            using var two = TorchSharp.torch.tensor(2f);
            return only.call(input * two);
        }
    }

    [TestMethod]
    public void A_module_that_cannot_be_a_classifier_is_refused_before_any_training()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 9));
        Refused(() => nn.Sequential(("only", nn.Linear(64, 4))), "gives [2, 4] for 2 rows; wanted [2, 3]");
        Refused(() => nn.Sequential(("only", nn.Linear(63, 3))), "does not take rows of shape [64]");
        Refused(() => nn.Sequential(("flat", nn.Flatten())), "no parameters");
        Refused(() => null!, "gave null");
        Refused(() => nn.Sequential(("only", nn.Linear(64, 3))), "InputShape is [3, 8, 8]", [3, 8, 8]);
        var one = nn.Sequential(("only", nn.Linear(64, 3)));
        Refused(() => one, "same object twice");
        Assert.Throws<ArgumentException>(() => new PrunedModuleTrainer(context, () => one, new() { InputShape = [] }));
        Assert.Throws<ArgumentNullException>(() => new PrunedModuleTrainer(context, null!, new()));

        void Refused(Func<nn.Module<Tensor, Tensor>> build, string part, long[]? shape = null) => StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedModule(build, "Kind", "Pixels", shape, epochs: 1).Fit(data)).Message, part);
    }
}
