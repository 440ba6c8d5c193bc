using System.Xml.Linq;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class TokenMergingTests
{
    [TestMethod]
    public void Patches_lie_row_by_row_with_channels_last_and_go_back_together()
    {
        // 2 channels of 4 rows and 6 columns; a value says its channel, row and column.
        var planes = Enumerable.Range(0, 48).Select(i => (100f * (i / 24)) + (10 * (i % 24 / 6)) + (i % 6)).ToArray();
        var grid = new PatchGrid(4, 6, 2, 2);
        Assert.AreEqual((2, 3, 6, 8), (grid.Rows, grid.Columns, grid.Count, grid.TokenWidth));
        var tokens = new float[48];
        grid.Cut(planes, tokens);
        CollectionAssert.AreEqual(new float[] { 0, 100, 1, 101, 10, 110, 11, 111 }, tokens[..8]);
        CollectionAssert.AreEqual(new float[] { 24, 124, 25, 125, 34, 134, 35, 135 }, tokens[40..]);
        var back = new float[48];
        grid.Paste(tokens, back);
        CollectionAssert.AreEqual(planes, back);
    }

    [TestMethod]
    [DataRow(1, 4)]
    [DataRow(3, 4)]
    [DataRow(2, 3)]
    [DataRow(1, 5)]
    [DataRow(1, 8)]
    public void Images_that_patches_do_not_divide_are_padded_with_zeros_when_asked(int channels, int patch)
    {
        var grid = new PatchGrid(10, 13, channels, patch, pad: true);
        var random = new Random(1);
        var planes = NaiveMerging.Normal(random, grid.ImageValues);
        // What was there before is overwritten.
        var tokens = Enumerable.Repeat(9f, grid.Count * grid.TokenWidth).ToArray();
        grid.Cut(planes, tokens);
        for (int at = 0; at < tokens.Length; at++)
        {
            var (token, pixel, channel) = (at / grid.TokenWidth, at % grid.TokenWidth / channels, at % channels);
            var (y, x) = ((token / grid.Columns * patch) + (pixel / patch), (token % grid.Columns * patch) + (pixel % patch));
            Assert.AreEqual(y < 10 && x < 13 ? planes[(channel * 130) + (y * 13) + x] : 0, tokens[at]);
        }
        var back = new float[planes.Length];
        grid.Paste(tokens, back);
        CollectionAssert.AreEqual(planes, back);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new PatchGrid(10, 13, channels, patch)).Message, $"Patches of {patch}x{patch} do not divide images of 10x13");
    }

    [TestMethod]
    public void Wrong_sizes_of_images_are_refused_by_name()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PatchGrid(0, 4)).Message, "height is 0");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PatchGrid(4, 4, 0)).Message, "channels is 0");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PatchGrid(4, 4, 1, 0)).Message, "patchSize is 0");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PatchGrid(1 << 16, 1 << 16, 3));
        Assert.ThrowsExactly<ArgumentException>(() => new PatchGrid(4, 4).Cut(new float[15], new float[16]));
    }

    [TestMethod]
    [DataRow(28, 1, 4, 24, 700)]
    [DataRow(32, 3, 8, 5, 300)]
    public void Many_images_on_many_threads_are_merged_as_one_by_one(int size, int channels, int patch, int merge, int images)
    {
        var grid = new PatchGrid(size, size, channels, patch);
        var plan = new TokenMerging(grid, merge);
        var planes = NaiveMerging.Normal(new Random(2), images * grid.ImageValues);
        var (merged, sizes, sources) = (new float[images * plan.Survivors * plan.Width], new float[images * plan.Survivors], new int[images * plan.Tokens]);
        plan.Merge(planes, merged, sizes, sources, threads: 3);
        var tokens = new float[grid.Count * grid.TokenWidth];
        for (int i = 0; i < images; i++)
        {
            grid.Cut(planes.AsSpan(i * grid.ImageValues, grid.ImageValues), tokens);
            var assignment = TokenAssignment.Match(tokens, grid.TokenWidth, merge);
            Assert.IsTrue(assignment.Sources.SequenceEqual(sources.AsSpan(i * plan.Tokens, plan.Tokens)), $"sources of image {i}");
            Assert.IsTrue(assignment.Merge(tokens).AsSpan().SequenceEqual(merged.AsSpan(i * plan.Survivors * plan.Width, plan.Survivors * plan.Width)), $"tokens of image {i}");
            CollectionAssert.AreEqual(assignment.Sizes().Select(s => (float)s).ToArray(), sizes[(i * plan.Survivors)..((i + 1) * plan.Survivors)]);
        }
    }

    [TestMethod]
    public void Buffers_of_a_wrong_length_are_refused()
    {
        var plan = new TokenMerging(4, 2, 2);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => plan.Merge(new float[9], new float[4], new float[2], new int[4])).Message, "a multiple of 8");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => plan.Merge(new float[8], new float[4], new float[3], new int[4])).Message, "sizes");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TokenMerging(4, 2, 3));
        plan.Merge([], [], [], []);
    }

    [TestMethod]
    public void A_drawing_shows_every_merged_patch_and_a_line_between_different_tokens()
    {
        var grid = new PatchGrid(4, 6, 1, 2);
        // 0 and 3 went together (one below the other), 4 and 5 (side by side).
        var assignment = TokenAssignment.FromSources([0, 1, 2, 0, 3, 3]);
        XNamespace ns = "http://www.w3.org/2000/svg";
        var svg = XDocument.Parse(TokenDrawing.ToSvg(assignment, grid, "a&b.png", 10)).Root!;
        Assert.AreEqual("60", svg.Attribute("width")!.Value);
        Assert.AreEqual("a&b.png", svg.Element(ns + "image")!.Attribute("href")!.Value);
        var rectangles = svg.Elements(ns + "rect").ToArray();
        Assert.HasCount(4, rectangles);
        Assert.AreEqual(rectangles[0].Attribute("fill")!.Value, rectangles[1].Attribute("fill")!.Value);
        Assert.AreNotEqual(rectangles[1].Attribute("fill")!.Value, rectangles[2].Attribute("fill")!.Value);
        Assert.AreEqual(("0", "20"), (rectangles[1].Attribute("x")!.Value, rectangles[1].Attribute("y")!.Value));
        // Between 0|1, 1|2, 3|4, 1/4 and 2/5.
        Assert.HasCount(5, TokenDrawing.Borders(assignment, grid).ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => TokenDrawing.ToSvg(assignment, new PatchGrid(4, 4, 1, 2)));
    }
}
