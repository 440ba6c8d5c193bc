using FsCheck;
using FsCheck.Fluent;
using MLNet.Pruning.Tests.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class TransformerTests
{
    static VitBlueprint Small { get; } = new([2, 6, 8], 2, 3, 12, [2, 3], 5, [10, 7]);

    [TestMethod]
    public void Heads_hidden_neurons_and_the_values_of_a_token_are_groups()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Build();
        var map = NeuronMap.Discover(model, rand(1, 2, 6, 8));
        const string Width = "embedding: 12 neurons: embedding [out], positions [out], blocks.0.attention.projection [out], blocks.0.output [out], blocks.1.attention.projection [out], blocks.1.output [out], "
            + "blocks.0.attentionNorm, blocks.0.attention.qkv [in], blocks.0.hiddenNorm, blocks.0.hidden [in], blocks.1.attentionNorm, blocks.1.attention.qkv [in], blocks.1.hiddenNorm, blocks.1.hidden [in], norm, logits [in]";
        CollectionAssert.AreEqual(new[]
        {
            Width,
            "blocks.0.attention.qkv: 2 neurons: blocks.0.attention.qkv [out, 15 each], blocks.0.attention.projection [in, 5 each]",
            "blocks.0.hidden: 10 neurons: blocks.0.hidden [out], blocks.0.output [in]",
            "blocks.1.attention.qkv: 3 neurons: blocks.1.attention.qkv [out, 15 each], blocks.1.attention.projection [in, 5 each]",
            "blocks.1.hidden: 7 neurons: blocks.1.hidden [out], blocks.1.output [in]",
        }, Checks.Lines(map));
        CollectionAssert.AreEqual(new[] { "logits: it reaches the network's output" }, map.Skipped.Select(s => s.ToString()).ToArray());
        // A head's queries, keys and values.
        CollectionAssert.AreEqual(new[] { 5, 6, 7, 8, 9, 20, 21, 22, 23, 24, 35, 36, 37, 38, 39 }, map["blocks.1.attention.qkv"].Members[0].Indices[1].ToArray());
    }

    [TestMethod]
    [DataRow(VitPooling.Mean, 0.0, false, VitInput.Pixels)]
    [DataRow(VitPooling.ClassToken, 0.0, false, VitInput.Pixels)]
    [DataRow(VitPooling.Mean, 5.0, false, VitInput.Pixels)]
    [DataRow(VitPooling.ClassToken, 4.0, true, VitInput.Pixels)]
    [DataRow(VitPooling.Mean, 4.0, false, VitInput.Tokens)]
    public void Whatever_is_merged_and_pooled_all_of_it_can_shrink(VitPooling pooling, double merge, bool inLayers, VitInput input)
    {
        using var scope = NewDisposeScope();
        var blueprint = Small with { Pooling = pooling, Merge = merge, LayerMerges = inLayers ? [2, 1] : null, Input = input };
        using var model = Checks.Filled(blueprint.Build());
        var map = Checks.Halved(model, Example(blueprint), readers: false);
        Assert.HasCount(5, map.Groups, map.ToString());
        var now = (VitBlueprint)Blueprint.Of(model);
        Assert.AreEqual(blueprint with { Dim = 5, Heads = [1, 1], Hidden = [4, 3] }, now);
        if (input == VitInput.Pixels)
            Peer.Survives(model, now);
    }

    [TestMethod]
    public void The_smaller_transformer_computes_what_the_masked_one_did() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => Run(seed)).Check(Config.QuickThrowOnFailure.WithMaxTest(12).WithQuietOnSuccess(true));

    static void Run(int seed)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(seed);
        var dice = new Random(seed);
        var depth = dice.Next(1, 3);
        int[] Sizes(int most) => [.. Enumerable.Range(0, depth).Select(_ => dice.Next(1, most))];
        var blueprint = new VitBlueprint([dice.Next(1, 4), 2 * dice.Next(1, 4), 6], 2, 3, dice.Next(3, 14), Sizes(5), dice.Next(1, 7), Sizes(12),
            Pooling: (VitPooling)dice.Next(2), Merge: dice.Next(2) / 3.0, LayerMerges: dice.Next(2) == 0 ? null : [.. Enumerable.Range(0, depth).Select(_ => dice.Next(2) * 0.3)]);
        using var model = Checks.Filled(blueprint.Build(), dice.Next(1000));
        var x = Example(blueprint);
        var map = NeuronMap.Discover(model, x);
        var groups = 1 + blueprint.BlockHeads.Count(h => h > 1) + blueprint.BlockHidden.Count(h => h > 1);
        Assert.HasCount(groups, map.Groups, map.ToString());
        for (var round = 0; round < 2; round++)
        {
            var selections = map.Groups.Where(g => g.Size > 1 && dice.Next(3) > 0)
                .Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).OrderBy(_ => dice.Next()).Take(dice.Next(1, g.Size))])).ToArray();
            if (selections.Length == 0)
                continue;
            Tensor masked;
            using (map.Mask(selections))
                masked = Checks.Evaluated(model, x);
            var removal = map.Remove(selections, verify: x);
            Checks.Same(masked, Checks.Evaluated(model, x), 2e-4);
            Assert.AreEqual(Checks.Count(model), removal.ParametersAfter);
            using var again = Blueprint.Of(model).Build();
            Assert.AreEqual(removal.ParametersAfter, Checks.Count(again));
        }
    }

    [TestMethod]
    [DataRow(AttentionStyle.Fused)]
    [DataRow(AttentionStyle.Apart)]
    [DataRow(AttentionStyle.Interleaved)]
    public void Attention_that_others_wrote_loses_heads_too(AttentionStyle style)
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Own(style, 6, 3, 4));
        var map = Checks.Halved(model, rand(2, 5, 7), readers: false);
        var heads = map.Groups.Single(g => g.Consumers.Any(c => c.Path == "block.projection"));
        Assert.AreEqual(1, heads.Size, map.ToString());
        Assert.AreEqual(style == AttentionStyle.Apart ? 3 : 1, heads.Producers.Count());
        Assert.AreEqual(4 * 3, heads.Producers.Sum(p => p.Indices[0].Count));
        CollectionAssert.AreEqual(new[] { "embed", style == AttentionStyle.Apart ? "block.query" : "block.qkv", "block.fc1" }, map.Groups.Select(g => g.Name).ToArray());
    }

    [TestMethod]
    public void Heads_whose_number_is_written_down_are_left_alone()
    {
        using var scope = NewDisposeScope();
        using var model = Own(AttentionStyle.Counted, 6, 3, 4);
        var map = NeuronMap.Discover(model, rand(2, 5, 7));
        CollectionAssert.AreEqual(new[] { "embed", "block.fc1" }, map.Groups.Select(g => g.Name).ToArray(), map.ToString());
        var skipped = map.Skipped.Single(s => s.Name == "block.qkv");
        StringAssert.Contains(skipped.Reason, "removing one of its neurons fails");
        StringAssert.Contains(skipped.Reason, "shape");
    }

    [TestMethod]
    public void A_single_head_can_only_go_with_the_layer()
    {
        using var scope = NewDisposeScope();
        using var model = Own(AttentionStyle.Fused, 6, 1, 4);
        var skipped = NeuronMap.Discover(model, rand(2, 5, 7)).Skipped.Single(s => s.Name == "block.qkv");
        StringAssert.Contains(skipped.Reason, "mixed before block.projection reads them");
    }

    static nn.Module<Tensor, Tensor> Own(AttentionStyle style, long dim, long heads, long headSize) =>
        new Net((net, x) => net.Call("head", net.Call("block", net.Call("embed", x)).mean([1])),
            ("embed", nn.Linear(7, dim)), ("block", new OwnBlock(style, dim, heads, headSize, 9)), ("head", nn.Linear(dim, 3)));

    static Tensor Example(VitBlueprint blueprint)
    {
        var rows = Peer.Flat(Peer.Images(2, blueprint.Image), 2);
        return blueprint.Input == VitInput.Pixels ? tensor(rows).view([2, .. blueprint.Image]) : VitPeer.Columns(rows, blueprint.Grid, blueprint.Grid.Count - blueprint.Tokens);
    }
}
