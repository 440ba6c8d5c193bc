using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tests.Trainers;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class MergeTokensTests
{
    readonly MLContext context = new(seed: 1);

    static SchemaShape Shape => new([MLNetInternals.Column("Kind", VectorKind.Scalar, TextDataViewType.Instance), MLNetInternals.Column("Pixels", VectorKind.Vector, NumberDataViewType.Single)]);

    static (float[] Tokens, float[] Sizes, int[] Sources) Expected(float[] planes, PatchGrid grid, int merge)
    {
        var tokens = new float[grid.Count * grid.TokenWidth];
        grid.Cut(planes, tokens);
        var assignment = TokenAssignment.Match(tokens, grid.TokenWidth, merge);
        return (assignment.Merge(tokens), [.. assignment.Sizes().Select(size => (float)size)], assignment.Sources.ToArray());
    }

    [TestMethod]
    [DataRow(1, 2, 0.5, 8)]
    [DataRow(3, 4, 1.0, 1)]
    [DataRow(2, 2, 0.0, 0)]
    public void The_columns_hold_merged_patches_their_sizes_and_where_each_patch_went(int channels, int patch, double merge, int merged)
    {
        var pictures = Patterns.Draw(600, channels: channels);
        var view = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, channels, patch, merge).Fit(Patterns.View(context, pictures)).Transform(Patterns.View(context, pictures));
        var grid = new PatchGrid(8, 8, channels, patch);
        var (tokens, sizes, sources) = (view.GetColumn<float[]>("Tokens").ToArray(), view.GetColumn<float[]>("Tokens.Sizes").ToArray(), view.GetColumn<int[]>("Tokens.Sources").ToArray());
        Assert.HasCount(600, tokens);
        for (int i = 0; i < 600; i++)
        {
            var expected = Expected(pictures[i].Pixels, grid, merged);
            CollectionAssert.AreEqual(expected.Tokens, tokens[i]);
            CollectionAssert.AreEqual(expected.Sizes, sizes[i]);
            CollectionAssert.AreEqual(expected.Sources, sources[i]);
        }
    }

    [TestMethod]
    public void Types_and_annotations_tell_the_shape()
    {
        var schema = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 3, 4, merge: 1).Fit(Patterns.View(context, 3, channels: 3)).GetOutputSchema(Patterns.View(context, 3, channels: 3).Schema);
        var tokens = (VectorDataViewType)schema["Tokens"].Type;
        CollectionAssert.AreEqual(new[] { 3, 48 }, tokens.Dimensions.ToArray());
        Assert.AreEqual(NumberDataViewType.Single, tokens.ItemType);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 3), schema["Tokens.Sizes"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Int32, 2, 2), schema["Tokens.Sources"].Type);
        CollectionAssert.AreEqual(new[] { "0.r0c0.0", "0.r0c0.1" }, Names("Tokens")[..2]);
        Assert.AreEqual("2.r3c3.2", Names("Tokens")[^1]);
        CollectionAssert.AreEqual(new[] { "0", "1", "2" }, Names("Tokens.Sizes"));
        CollectionAssert.AreEqual(new[] { "r0c0", "r0c1", "r1c0", "r1c1" }, Names("Tokens.Sources"));
        int channels = 0;
        schema["Tokens"].Annotations.GetValue("ImageChannels", ref channels);
        Assert.AreEqual(3, channels);

        string[] Names(string column)
        {
            VBuffer<ReadOnlyMemory<char>> names = default;
            schema[column].GetSlotNames(ref names);
            return [.. names.DenseValues().Select(name => name.ToString())];
        }
    }

    [TestMethod]
    public void An_engine_that_threads_share_never_ends_the_process()
    {
        // ML.NET forbids it, and rows may be mixed up; 8 threads on large images soon write where others read.
        var schema = SchemaDefinition.Create(typeof(Pattern));
        schema[nameof(Pattern.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 64 * 64);
        var random = new Random(1);
        var pictures = Enumerable.Range(0, 8).Select(_ => new Pattern { Pixels = [.. Enumerable.Range(0, 64 * 64).Select(_ => random.NextSingle())] }).ToArray();
        var data = context.Data.LoadFromEnumerable(pictures, schema);
        var model = context.Transforms.MergeTokens("Tokens", "Pixels", 64, 64).Fit(data);
        using var engine = context.Model.CreatePredictionEngine<Pattern, MergedRow>(model, inputSchemaDefinition: schema);
        Parallel.For(0, 4_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            try
            {
                engine.Predict(pictures[i % 8]);
            }
            catch (Exception failure) when (failure is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
            {
                // ML.NET's own buffers are shared as well.
            }
        });
        CollectionAssert.AreEqual(Expected(pictures[3].Pixels, new PatchGrid(64, 64, 1, 4), 128).Tokens, engine.Predict(pictures[3]).Tokens);
    }

    [TestMethod]
    public void The_shape_of_the_schema_is_known_before_fitting()
    {
        var data = Patterns.View(context, 3);
        var shape = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8).GetOutputSchema(Shape);
        var columns = shape.ToDictionary(column => column.Name);
        Assert.IsTrue(columns.ContainsKey("Kind"));
        Assert.AreEqual((VectorKind.Vector, (DataViewType)NumberDataViewType.Single), (columns["Tokens"].Kind, columns["Tokens"].ItemType));
        Assert.AreEqual((VectorKind.Vector, (DataViewType)NumberDataViewType.Int32), (columns["Tokens.Sources"].Kind, columns["Tokens.Sources"].ItemType));
        Assert.IsTrue(columns["Tokens"].Annotations.Any(annotation => annotation.Name == "SlotNames"));
        // In a chain, where ML.NET checks shapes against what comes out.
        var chain = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8).Append(context.Transforms.CopyColumns("Weights", "Tokens.Sizes"));
        Assert.HasCount(2, chain.Fit(data).Transform(data).GetColumn<float[]>("Weights").First());
    }

    [TestMethod]
    public void Nothing_is_computed_until_it_is_read_and_not_for_other_columns()
    {
        int read = 0;
        var rows = Patterns.Draw(4).Select(row =>
        {
            read++;
            return row;
        });
        var schema = SchemaDefinition.Create(typeof(Pattern));
        schema[nameof(Pattern.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 64);
        var data = context.Data.LoadFromEnumerable(rows, schema);
        var view = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8).Fit(data).Transform(data);
        Assert.AreEqual(0, read);
        using var cursor = view.GetRowCursor([view.Schema["Kind"]]);
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Tokens"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Tokens"]));
        Assert.HasCount(4, view.GetColumn<float[]>("Tokens").ToArray());
    }

    [TestMethod]
    public void Cursors_side_by_side_give_every_row_once_with_its_own_values()
    {
        var pictures = Patterns.Draw(900);
        var view = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 2).Fit(Patterns.View(context, pictures)).Transform(Patterns.View(context, pictures));
        var alone = view.GetColumn<float[]>("Tokens").Select(row => string.Join(' ', row)).Order(StringComparer.Ordinal).ToArray();
        var cursors = view.GetRowCursorSet([view.Schema["Tokens"], view.Schema["Pixels"]], 4);
        var together = cursors.AsParallel().WithDegreeOfParallelism(Math.Max(1, cursors.Length)).SelectMany(Read).Order(StringComparer.Ordinal).ToArray();
        CollectionAssert.AreEqual(alone, together);
        // And many readers of one view.
        Parallel.For(0, 4, _ => CollectionAssert.AreEqual(alone, view.GetColumn<float[]>("Tokens").Select(row => string.Join(' ', row)).Order(StringComparer.Ordinal).ToArray()));

        static List<string> Read(DataViewRowCursor cursor)
        {
            var rows = new List<string>();
            using (cursor)
            {
                var (tokens, pixels) = (cursor.GetGetter<VBuffer<float>>(cursor.Schema["Tokens"]), cursor.GetGetter<VBuffer<float>>(cursor.Schema["Pixels"]));
                VBuffer<float> row = default, image = default;
                while (cursor.MoveNext())
                {
                    tokens(ref row);
                    pixels(ref image);
                    CollectionAssert.AreEqual(Expected([.. image.DenseValues()], new PatchGrid(8, 8, 1, 2), 8).Tokens, row.DenseValues().ToArray());
                    rows.Add(string.Join(' ', row.DenseValues()));
                }
            }
            return rows;
        }
    }

    [TestMethod]
    public void A_saved_merging_does_the_same_after_loading_also_in_a_prediction_engine()
    {
        using var folder = new TemporaryFolder();
        var data = context.Data.SynthesizeDigits(20);
        var merging = context.Transforms.MergeTokens(new() { OutputColumnName = "Patches", InputColumnName = "Pixels", ImageHeight = 28, ImageWidth = 28, PatchSize = 5, Pad = true, Merge = 0.25 }).Fit(data);
        context.Model.Save(merging, data.Schema, folder["model.zip"]);
        var other = new MLContext().UsePruning();
        var loaded = other.Model.Load(folder["model.zip"], out _);
        var (expected, found) = (merging.Transform(data), loaded.Transform(data));
        Assert.AreEqual(expected.Schema.ToString(), found.Schema.ToString());
        Assert.AreEqual(27, expected.GetColumn<float[]>("Patches.Sizes").First().Length);
        foreach (var (e, f) in expected.GetColumn<float[]>("Patches").Zip(found.GetColumn<float[]>("Patches")))
            CollectionAssert.AreEqual(e, f);
        var engine = other.Model.CreatePredictionEngine<Digit, Merged>(loaded, data.Schema);
        CollectionAssert.AreEqual(expected.GetColumn<int[]>("Patches.Sources").First(), engine.Predict(new Digit { Pixels = data.GetColumn<float[]>("Pixels").First() }).Sources);
    }

    [TestMethod]
    public void Blank_images_give_no_NaN_and_all_sizes()
    {
        var rows = new[] { new Pattern { Pixels = new float[64] }, new Pattern { Pixels = [.. Enumerable.Repeat(1f, 64)] } };
        var view = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 2).Fit(Patterns.View(context, rows)).Transform(Patterns.View(context, rows));
        foreach (var (tokens, value) in view.GetColumn<float[]>("Tokens").Zip(new[] { 0f, 1f }))
            CollectionAssert.AreEqual(Enumerable.Repeat(value, 32).ToArray(), tokens);
        foreach (var sizes in view.GetColumn<float[]>("Tokens.Sizes"))
            Assert.AreEqual(16, sizes.Sum());
    }

    [TestMethod]
    public void Wrong_options_and_columns_are_refused_by_name()
    {
        var data = Patterns.View(context, 3);
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, merge: 0.6), "Merge is 0.6");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, merge: 3), "1 to 2");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Pixels", 8, -1), "ImageWidth is -1");
        Refused<ArgumentException>(() => context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 3), "Patches of 3x3 do not divide images of 8x8");
        Refused<ArgumentException>(() => context.Transforms.MergeTokens("", "Pixels", 8, 8), "OutputColumnName");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Pixels", 28, 28).Fit(data), "ImageHeight 28 and ImageWidth 28 are images of 784 values, but the column has 64");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Images", 8, 8).Fit(data), "'Images'");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Kind", 8, 8).Fit(data), "'Kind'");
        Refused<ArgumentOutOfRangeException>(() => context.Transforms.MergeTokens("Tokens", "Kind", 8, 8).GetOutputSchema(Shape), "'Kind'");

        static void Refused<T>(Action action, string why)
            where T : Exception => StringAssert.Contains(Assert.ThrowsExactly<T>(action).Message, why);
    }

    [TestMethod]
    public void A_picture_tints_what_merged_and_the_drawing_carries_the_image()
    {
        var grid = new PatchGrid(4, 4, 1, 2);
        var assignment = TokenAssignment.FromSources([0, 1, 0, 2]);
        var planes = Enumerable.Range(0, 16).Select(i => i / 16f).ToArray();
        var picture = TokenPicture.Draw(assignment, grid, planes, scale: 1);
        Assert.AreEqual((4, 4, 3), (picture.Width, picture.Height, picture.Channels));
        // Survivor 0 is red: 45 % of it over black; what did not merge stays grey.
        CollectionAssert.AreEqual(new byte[] { 115, 0, 0 }, picture.Bytes[..3].ToArray());
        CollectionAssert.AreEqual(new byte[] { 32, 32, 32 }, picture.Bytes[6..9].ToArray());
        var large = Picture.Decode(TokenPicture.Draw(assignment, grid, planes, scale: 4).ToPng());
        Assert.AreEqual(16, large.Width);
        // A line between tokens, at column 8; none between the two patches of token 0, at row 8.
        CollectionAssert.AreEqual(new byte[] { 255, 255, 255 }, large.Bytes[(3 * 8)..(3 * 9)].ToArray());
        Assert.AreNotEqual(255, large.Bytes[3 * ((8 * 16) + 2) + 1]);
        StringAssert.Contains(TokenPicture.ToSvg(assignment, grid, planes), "data:image/png;base64,");
        Assert.ThrowsExactly<ArgumentException>(() => TokenPicture.Draw(assignment, grid, planes.AsSpan(1)));
    }

    sealed class Digit
    {
        [VectorType(784)]
        public float[] Pixels { get; set; } = [];

        [ColumnName("Label")]
        public uint Label { get; set; }
    }

    sealed class Merged
    {
        [ColumnName("Patches.Sources")]
        public int[] Sources { get; set; } = [];
    }

    sealed class MergedRow
    {
        public float[] Tokens { get; set; } = [];

        [ColumnName("Tokens.Sources")]
        public int[] Sources { get; set; } = [];
    }
}
