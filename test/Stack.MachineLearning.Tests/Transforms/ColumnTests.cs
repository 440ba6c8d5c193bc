using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Transforms;

[TestClass]
public sealed class ColumnTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Scalars_and_vectors_are_concatenated_and_their_slots_named()
    {
        var joined = Apply(_context.Transforms.Concatenate("All", nameof(Row.A), nameof(Row.Vector), nameof(Row.B)));

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 4), joined.Schema["All"].Type);
        CollectionAssert.AreEqual(new float[] { 1, 3, 4, 2 }, joined.GetColumn<float[]>("All").First());
        VBuffer<ReadOnlyMemory<char>> names = default;
        joined.Schema["All"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "A", "", "", "B" }, names.DenseValues().Select(name => name.ToString()).ToArray());
        Assert.IsFalse(joined.Schema["All"].IsNormalized());
    }

    [TestMethod]
    public void Mostly_empty_vectors_are_concatenated_sparsely()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Sparse { X = 7, Vector = new VBuffer<float>(9, 1, [5], [3]) } });
        var joined = _context.Transforms.Concatenate("All", "X", "Vector").Fit(data).Transform(data);

        var value = joined.GetColumn<VBuffer<float>>("All").Single();
        Assert.IsFalse(value.IsDense);
        CollectionAssert.AreEqual(new[] { 0, 4 }, value.GetIndices().ToArray());
        CollectionAssert.AreEqual(new float[] { 7, 5 }, value.GetValues().ToArray());
    }

    [TestMethod]
    public void Only_columns_of_one_type_can_be_concatenated()
    {
        var mixed = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Apply(_context.Transforms.Concatenate("All", nameof(Row.A), nameof(Row.Text))));
        StringAssert.Contains(mixed.Message, "Schema mismatch for input column 'Text': expected Single, got String");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Apply(_context.Transforms.Concatenate("All", "Nothing"))).Message, "Could not find input column 'Nothing'");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.Concatenate("All"));
    }

    [TestMethod]
    public void A_copy_has_the_type_and_the_annotations_of_its_source()
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text)).Append(_context.Transforms.CopyColumns("Copy", "Key"));
        var copied = pipeline.Fit(Rows()).Transform(Rows());

        Assert.AreEqual(copied.Schema["Key"].Type, copied.Schema["Copy"].Type);
        Assert.IsTrue(copied.Schema["Copy"].HasKeyValues());
        CollectionAssert.AreEqual(new uint[] { 1, 2 }, copied.GetColumn<uint>("Copy").ToArray());
    }

    [TestMethod]
    public void A_copy_over_its_source_hides_it()
    {
        var copied = Apply(_context.Transforms.CopyColumns(nameof(Row.A), nameof(Row.B)));

        CollectionAssert.AreEqual(new[] { true, false }, copied.Schema.Where(column => column.Name == nameof(Row.A)).Select(column => column.IsHidden).ToArray());
        Assert.AreEqual(2, copied.GetColumn<float>(nameof(Row.A)).First());
    }

    [TestMethod]
    public void Selected_columns_come_in_the_order_asked_for()
    {
        CollectionAssert.AreEqual(new[] { "Text", "A" }, Names(Apply(_context.Transforms.SelectColumns("Text", "A"))));
        CollectionAssert.AreEqual(new[] { "A", "B", "Text" }, Names(Apply(_context.Transforms.DropColumns("Vector"))));
        CollectionAssert.AreEqual(new[] { "x", "y" }, Apply(_context.Transforms.SelectColumns("Text")).GetColumn<string>("Text").ToArray());
    }

    [TestMethod]
    public void Hidden_columns_are_selected_only_when_asked_for()
    {
        var data = Apply(_context.Transforms.CopyColumns("A", "B"));

        CollectionAssert.AreEqual(new[] { "A" }, Names(_context.Transforms.SelectColumns("A").Fit(data).Transform(data)));
        CollectionAssert.AreEqual(new[] { "A", "A" }, Names(_context.Transforms.SelectColumns(["A"], keepHidden: true).Fit(data).Transform(data)));
        CollectionAssert.AreEqual(new[] { "B", "Vector", "Text" }, Names(_context.Transforms.DropColumns("A").Fit(data).Transform(data)));
    }

    [TestMethod]
    public void Columns_that_are_not_there_cannot_be_selected()
    {
        var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Apply(_context.Transforms.SelectColumns("A", "Nope", "Nay")));

        StringAssert.Contains(missing.Message, "Could not find input column 'Nope,Nay'");
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Transforms.DropColumns());
    }

    [TestMethod]
    public void Types_are_converted_as_a_cast_would()
    {
        var conversion = _context.Transforms.Conversion;
        var data = _context.Data.LoadFromEnumerable(new[] { new Values { Int = 300, Real = 0.1, Flag = true, Text = "2.5" }, new Values { Int = -1, Text = "no number" } });
        var pipeline = conversion.ConvertType("Byte", "Int", DataKind.SByte).Append(conversion.ConvertType("Single", "Real")).Append(conversion.ConvertType("One", "Flag", DataKind.Double))
            .Append(conversion.ConvertType("Parsed", "Text", DataKind.Single)).Append(conversion.ConvertType("Words", "Real", DataKind.String));
        var converted = pipeline.Fit(data).Transform(data);

        CollectionAssert.AreEqual(new sbyte[] { 44, -1 }, converted.GetColumn<sbyte>("Byte").ToArray());
        CollectionAssert.AreEqual(new[] { 0.1f, 0 }, converted.GetColumn<float>("Single").ToArray());
        CollectionAssert.AreEqual(new double[] { 1, 0 }, converted.GetColumn<double>("One").ToArray());
        CollectionAssert.AreEqual(new[] { 2.5f, float.NaN }, converted.GetColumn<float>("Parsed").ToArray());
        CollectionAssert.AreEqual(new[] { "0.10000000000000001", "0" }, converted.GetColumn<string>("Words").ToArray());
    }

    [TestMethod]
    public void Reals_do_not_become_integers()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Values() });

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.ConvertType("Int", "Real", DataKind.Int32).Fit(data)).Message,
            "source column 'Real' with item type 'Double' is not compatible with destination type 'Int32'");
    }

    [TestMethod]
    public void Rearranging_is_saved_with_the_model()
    {
        var pipeline = _context.Transforms.CopyColumns("Copy", "A").Append(_context.Transforms.Concatenate("All", "Copy", "Vector"))
            .Append(_context.Transforms.Conversion.ConvertType("Doubles", "All", DataKind.Double)).Append(_context.Transforms.DropColumns("B", "Text"));
        using var file = new MemoryStream();
        _context.Model.Save(pipeline.Fit(Rows()), Rows().Schema, file);
        file.Position = 0;

        var loaded = new MLContext().Model.Load(file, out _).Transform(Rows());

        CollectionAssert.AreEqual(new[] { "A", "Vector", "Copy", "All", "Doubles" }, Names(loaded));
        CollectionAssert.AreEqual(new double[] { 5, 7, 8 }, loaded.GetColumn<double[]>("Doubles").Last());
    }

    private static string[] Names(IDataView data) => [.. data.Schema.Select(column => column.Name)];

    private IDataView Apply(IEstimator<ITransformer> estimator) => estimator.Fit(Rows()).Transform(Rows());

    private IDataView Rows() => _context.Data.LoadFromEnumerable(new[]
    {
        new Row { A = 1, B = 2, Vector = [3, 4], Text = "x" },
        new Row { A = 5, B = 6, Vector = [7, 8], Text = "y" },
    });

    private sealed class Row
    {
        public float A { get; set; }

        public float B { get; set; }

        [VectorType(2)]
        public float[] Vector { get; set; } = [];

        public string Text { get; set; } = "";
    }

    private sealed class Sparse
    {
        public float X { get; set; }

        [VectorType(9)]
        public VBuffer<float> Vector { get; set; }
    }

    private sealed class Values
    {
        public int Int { get; set; }

        public double Real { get; set; }

        public bool Flag { get; set; }

        public string Text { get; set; } = "";
    }
}
