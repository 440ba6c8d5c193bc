using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class VitTests
{
    // 12 patches of 2x2 pixels with 2 channels; blocks unlike each other.
    static VitBlueprint Small { get; } = new([2, 6, 8], 2, 3, 12, [2, 3], 4, [10, 7]);

    static IEnumerable<object[]> Kinds =>
    [
        [Small],
        [Small with { Merge = 5 }],
        [Small with { Merge = 0.5, Pooling = VitPooling.ClassToken }],
        [Small with { Pooling = VitPooling.ClassToken, Activation = Activation.Silu }],
        [Small with { LayerMerges = [3, 2] }],
        // Heads of 16 values are computed by a kernel of our own.
        [Small with { HeadSize = 16 }],
        [Small with { HeadSize = 16, Merge = 5, LayerMerges = [1, 2], Pooling = VitPooling.ClassToken }],
        [Small with { Merge = 3, LayerMerges = [2, 1], Pooling = VitPooling.ClassToken, Activation = Activation.Relu }],
    ];

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Logits_are_the_same_whether_or_not_gradients_are_recorded(VitBlueprint blueprint)
    {
        using var scope = NewDisposeScope();
        using var model = Drawn(blueprint);
        var images = rand([5, .. blueprint.Image]);
        var recorded = model.call(images).detach();
        using var off = no_grad();
        VitPeer.AreClose(recorded.data<float>().ToArray(), model.call(images).data<float>().ToArray(), "logits", 1e-5);
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Outputs_and_gradients_equal_PyTorchs(VitBlueprint blueprint)
    {
        const int Count = 6;
        using var scope = NewDisposeScope();
        using var model = Drawn(blueprint);
        var rows = Peer.Images(Count, blueprint.Image, 3);
        var answer = VitPeer.Ask(model, blueprint, rows, Count, 1, 0, exact: true);
        var logits = model.call(tensor(Peer.Flat(rows, Count)).view(Count, -1));
        VitPeer.AreClose(answer.Logits, logits.data<float>().ToArray(), "logits", 1e-5);
        var loss = nn.functional.cross_entropy(logits, tensor(Enumerable.Range(0, Count).Select(rows.Label).ToArray()));
        Assert.AreEqual(answer.Loss, loss.item<float>(), 1e-5);
        loss.backward();
        foreach (var (name, parameter) in model.named_parameters())
            VitPeer.AreClose(answer.Gradients[name], parameter.grad!.contiguous().data<float>().ToArray(), name, 3e-5);
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Fifty_steps_of_training_equal_PyTorchs(VitBlueprint blueprint)
    {
        const int Count = 40, Batch = 8;
        using var scope = NewDisposeScope();
        using var model = Drawn(blueprint);
        var rows = Peer.Images(Count, blueprint.Image, 3);
        var answer = VitPeer.Ask(model, blueprint, rows, Count, Batch, 50);
        var options = new TrainingOptions { Epochs = 10, BatchSize = Batch, Shuffle = false, Replicas = 2, Optimizer = OptimizerKind.AdamW, LearningRate = VitPeer.Rate, WeightDecay = 0.01, HistoryInterval = 1 };
        var result = new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = rows, Objective = new CrossEntropy(3) });
        Assert.HasCount(50, answer.Losses);
        for (var step = 0; step < 50; step++)
            Assert.AreEqual(answer.Losses[step], result.History.Steps[step].Loss, 2e-4, $"step {step}");
        Assert.IsLessThan(0.97 * answer.Losses[0], answer.Losses[^1], "Nothing was learnt, so the test shows little.");
        VitPeer.AreClose(answer.Trained, model.call(tensor(Peer.Flat(rows, Count)).view(Count, -1)).data<float>().ToArray(), "logits", 5e-3);
    }

    [TestMethod]
    [DataRow(VitPooling.Mean)]
    [DataRow(VitPooling.ClassToken)]
    public void Tokens_merged_before_the_model_give_what_pixels_merged_inside_give(VitPooling pooling)
    {
        const int Count = 5;
        using var scope = NewDisposeScope();
        var inside = Small with { Merge = 5, Pooling = pooling };
        var outside = inside with { Input = VitInput.Tokens };
        using var pixels = Drawn(inside);
        using var tokens = outside.Build();
        Copy(pixels, tokens);
        var rows = Peer.Flat(Peer.Images(Count, inside.Image), Count);
        var input = VitPeer.Columns(rows, inside.Grid, 5);
        CollectionAssert.AreEqual(outside.InputShape.ToArray(), new[] { input.shape[1] });
        VitPeer.AreClose(pixels.call(tensor(rows).view(Count, -1)).data<float>().ToArray(), tokens.call(input).data<float>().ToArray(), "logits", 2e-6);
    }

    [TestMethod]
    public void Tokens_that_did_not_merge_give_what_pixels_give()
    {
        using var scope = NewDisposeScope();
        using var pixels = Drawn(Small);
        using var tokens = (Small with { Input = VitInput.Tokens }).Build();
        Copy(pixels, tokens);
        var rows = Peer.Flat(Peer.Images(3, Small.Image), 3);
        VitPeer.AreClose(pixels.call(tensor(rows).view(3, -1)).data<float>().ToArray(), tokens.call(VitPeer.Columns(rows, Small.Grid, 0)).data<float>().ToArray(), "logits", 2e-6);
    }

    [TestMethod]
    public void Merging_patches_and_embedding_equals_embedding_and_merging()
    {
        using var scope = NewDisposeScope();
        var grid = Small.Grid;
        var patches = VitPeer.Columns(Peer.Flat(Peer.Images(4, Small.Image), 4), grid, 0).narrow(1, 0, grid.Count * grid.TokenWidth).reshape(4, grid.Count, grid.TokenWidth);
        using var embedding = nn.Linear(grid.TokenWidth, 12);
        using var assignments = TokenAssignments.Match(patches, 5);
        VitPeer.AreClose(assignments.Merge(embedding.call(patches)).data<float>().ToArray(), embedding.call(assignments.Merge(patches)).data<float>().ToArray(), "tokens", 2e-6);
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Images_of_one_color_give_numbers_and_gradients_that_are_finite(VitBlueprint blueprint)
    {
        foreach (var value in new[] { 0f, 0.5f, 1f })
        {
            using var scope = NewDisposeScope();
            using var model = Drawn(blueprint);
            var logits = model.call(ones([3, .. blueprint.Image]).Times(value));
            nn.functional.cross_entropy(logits, tensor(new long[] { 0, 1, 2 })).backward();
            Assert.IsTrue(logits.isfinite().all().item<bool>());
            foreach (var (name, parameter) in model.named_parameters())
                Assert.IsTrue(parameter.grad!.isfinite().all().item<bool>(), name);
        }
    }

    [TestMethod]
    public void Rows_may_be_flat()
    {
        using var scope = NewDisposeScope();
        using var model = Drawn(Small);
        var x = rand(3, 2, 6, 8);
        Assert.IsTrue(model.call(x).equal(model.call(x.view(3, -1))).all().item<bool>());
    }

    [TestMethod]
    public void Dropout_leaves_out_in_training_alone()
    {
        using var scope = NewDisposeScope();
        using var model = Drawn(Small with { Dropout = 0.5 });
        var x = rand(1, 2, 6, 8);
        model.eval();
        Assert.IsTrue(model.call(x).equal(model.call(x)).all().item<bool>());
        model.train();
        Assert.IsFalse(model.call(x).equal(model.call(x)).all().item<bool>());
    }

    [TestMethod]
    public void The_one_for_digits_has_four_blocks()
    {
        var blueprint = VitBlueprint.For([1, 28, 28], 4, 10);
        Assert.AreEqual(new VitBlueprint([1, 28, 28], 4, 10), blueprint);
        Assert.AreEqual(4, blueprint.Depth);
        Assert.AreEqual(49, blueprint.Tokens);
        Assert.AreEqual(25, (blueprint with { Merge = 0.5 }).Tokens);
        using var model = blueprint.Build();
        const int Block = 4 * 64 + 64 * 3 * 64 + 3 * 64 + 64 * 64 + 64 + 64 * 128 + 128 + 128 * 64 + 64;
        Assert.AreEqual(16 * 64 + 64 + 49 * 64 + 4 * Block + 2 * 64 + 64 * 10 + 10, Peer.Count(model));
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Its_blueprint_comes_back_from_the_model_and_from_JSON(VitBlueprint blueprint)
    {
        using var model = blueprint.Build();
        Peer.Survives(model, blueprint);
    }

    [TestMethod]
    public void Blueprints_differ_where_their_networks_do()
    {
        foreach (var other in new[] { Small with { Heads = [2, 2] }, Small with { Hidden = [10, 8] }, Small with { Merge = 1 }, Small with { LayerMerges = [1, 0] }, Small with { Input = VitInput.Tokens }, Small with { HeadSize = 5 } })
            Assert.AreNotEqual(Small, other);
        Assert.AreEqual(Small with { LayerMerges = null }, Small);
    }

    [TestMethod]
    public void Wrong_values_are_refused()
    {
        Refused(Small with { Image = [6, 8] }, "three dimensions");
        Refused(Small with { PatchSize = 4 }, "Patches of 4x4 do not divide images of 6x8");
        Refused(Small with { PatchSize = 0 }, "Patches of 0x0");
        Refused(Small with { Image = [1, 1024, 1024], PatchSize = 2 }, "262144 patches");
        Refused(Small with { Classes = 0 }, "0 classes");
        Refused(Small with { Dim = 0 }, "0 values");
        Refused(Small with { HeadSize = 0 }, "heads of the vision transformer have 0 values");
        Refused(Small with { Heads = [2, 0] }, "Size 1 of the block's heads is 0");
        Refused(Small with { Heads = [] }, "at least 1");
        Refused(Small with { Hidden = [3] }, "2 blocks and 1 counts of hidden neurons");
        Refused(Small with { Hidden = [3, -1] }, "Size 1 of the hidden layers is -1");
        Refused(Small with { Activation = (Activation)99 }, "99");
        Refused(Small with { Pooling = (VitPooling)9 }, "no pooling 9");
        Refused(Small with { Input = (VitInput)9 }, "no input 9");
        Refused(Small with { Dropout = 1 }, "Dropout");
        Refused(Small with { Dropout = double.NaN }, "Dropout");
        Refused(Small with { Merge = 7 }, "of 12 tokens at most half");
        Refused(Small with { Merge = -1 }, "Merge is -1");
        Refused(Small with { Merge = double.NaN }, "NaN");
        Refused(Small with { LayerMerges = [1] }, "2 blocks and 1 merges");
        Refused(Small with { LayerMerges = [6, 4] }, "of 6 tokens at most half");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => VitBlueprint.For([1, 4, 4], 2, 2, 10, 1, 4)).Message, "Tokens of 10 values cannot be split over 4 heads");
        foreach (var bad in new[] { "{\"kind\":\"vit\"}", "{\"kind\":\"vit\",\"image\":[1,4,4],\"patchSize\":3,\"classes\":2}" })
            Assert.ThrowsExactly<InvalidDataException>(() => Blueprint.FromJson(bad), bad);
    }

    static void Refused(VitBlueprint blueprint, string why)
    {
        try
        {
            blueprint.Build();
        }
        catch (ArgumentException e)
        {
            StringAssert.Contains(e.Message, why);
            return;
        }
        Assert.Fail($"Not refused: {why}");
    }

    static Vit Drawn(VitBlueprint blueprint)
    {
        random.manual_seed(4);
        var model = blueprint.Build();
        using var off = no_grad();
        // So that positions matter as much as patches do.
        foreach (var (name, parameter) in model.named_parameters())
            if (name is "positions.weight" or "classToken.weight")
                parameter.copy_(parameter.Times(20));
        return model;
    }

    static void Copy(nn.Module from, nn.Module to)
    {
        using var off = no_grad();
        foreach (var (a, b) in from.parameters().Zip(to.parameters()))
            b.copy_(a);
    }
}
