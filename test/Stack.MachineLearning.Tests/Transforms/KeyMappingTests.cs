using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Stack.MachineLearning.Tests.Transforms;

[TestClass]
public sealed class KeyMappingTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Values_are_numbered_in_the_order_they_come_in()
    {
        var mapped = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text)), Rows());

        CollectionAssert.AreEqual(new uint[] { 1, 2, 1, 0, 3 }, mapped.GetColumn<uint>("Key").ToArray());
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), mapped.Schema["Key"].Type);
        CollectionAssert.AreEqual(new[] { "b", "a", "B" }, KeyValues<ReadOnlyMemory<char>>(mapped.Schema["Key"]).Select(value => value.ToString()).ToArray());
    }

    [TestMethod]
    public void Values_are_numbered_by_value_when_asked_for()
    {
        var byText = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue), Rows());
        CollectionAssert.AreEqual(new uint[] { 3, 2, 3, 0, 1 }, byText.GetColumn<uint>("Key").ToArray());

        var byNumber = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Number), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue), Rows());
        CollectionAssert.AreEqual(new[] { -1f, 2, 5 }, KeyValues<float>(byNumber.Schema["Key"]));
        CollectionAssert.AreEqual(new uint[] { 3, 1, 0, 3, 2 }, byNumber.GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void A_limit_on_the_keys_leaves_later_values_without()
    {
        var mapped = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text), maximumNumberOfKeys: 2), Rows());

        CollectionAssert.AreEqual(new uint[] { 1, 2, 1, 0, 0 }, mapped.GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void Values_not_seen_in_training_become_the_missing_key()
    {
        var model = _context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text)).Fit(Rows());
        var other = _context.Data.LoadFromEnumerable(new[] { new Row { Text = "z" }, new Row { Text = "a" } });

        CollectionAssert.AreEqual(new uint[] { 0, 2 }, model.Transform(other).GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void Keys_can_be_given_instead_of_learned()
    {
        var keys = _context.Data.LoadFromEnumerable(new[] { new KeyRow { Value = "a" }, new KeyRow { Value = "q" } });

        var mapped = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text), keyData: keys), Rows());

        CollectionAssert.AreEqual(new uint[] { 0, 1, 0, 0, 0 }, mapped.GetColumn<uint>("Key").ToArray());
        Assert.AreEqual(2ul, ((KeyDataViewType)mapped.Schema["Key"].Type).Count);
    }

    [TestMethod]
    public void Key_values_can_be_told_as_text()
    {
        var mapped = FitTransform(_context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Number), addKeyValueAnnotationsAsText: true), Rows());

        CollectionAssert.AreEqual(new[] { "5", "-1", "2" }, KeyValues<ReadOnlyMemory<char>>(mapped.Schema["Key"]).Select(value => value.ToString()).ToArray());
    }

    [TestMethod]
    public void Keys_turn_back_into_values_and_missing_keys_into_missing_values()
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text)).Append(_context.Transforms.Conversion.MapKeyToValue("Back", "Key"))
            .Append(_context.Transforms.Conversion.MapValueToKey("NumberKey", nameof(Row.Number))).Append(_context.Transforms.Conversion.MapKeyToValue("NumberBack", "NumberKey"));
        var mapped = pipeline.Fit(Rows()).Transform(Rows());

        CollectionAssert.AreEqual(new[] { "b", "a", "b", "", "B" }, mapped.GetColumn<string>("Back").ToArray());
        CollectionAssert.AreEqual(new[] { 5f, -1, float.NaN, 5, 2 }, mapped.GetColumn<float>("NumberBack").ToArray());
    }

    [TestMethod]
    public void A_key_becomes_a_vector_with_a_one_at_its_place()
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Text)).Append(_context.Transforms.Conversion.MapKeyToVector("Hot", "Key"));
        var mapped = pipeline.Fit(Rows()).Transform(Rows());

        float[][] rows = [.. mapped.GetColumn<float[]>("Hot")];
        CollectionAssert.AreEqual(new float[] { 1, 0, 0 }, rows[0]);
        CollectionAssert.AreEqual(new float[] { 0, 1, 0 }, rows[1]);
        CollectionAssert.AreEqual(new float[] { 0, 0, 0 }, rows[3]);
        VBuffer<ReadOnlyMemory<char>> names = default;
        mapped.Schema["Hot"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "b", "a", "B" }, names.DenseValues().Select(name => name.ToString()).ToArray());
        Assert.IsTrue(mapped.Schema["Hot"].IsNormalized());
    }

    [TestMethod]
    public void Vectors_of_keys_become_rows_of_ones_or_counts()
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Key", nameof(Row.Texts)).Append(_context.Transforms.Conversion.MapKeyToVector("Hot", "Key"))
            .Append(_context.Transforms.Conversion.MapKeyToVector("Count", "Key", outputCountVector: true));
        var mapped = pipeline.Fit(Rows()).Transform(Rows());

        CollectionAssert.AreEqual(new float[] { 1, 0, 1, 0 }, mapped.GetColumn<float[]>("Hot").First());
        CollectionAssert.AreEqual(new float[] { 2, 0 }, mapped.GetColumn<float[]>("Count").First());
        CollectionAssert.AreEqual(new[] { 2, 2 }, ((VectorDataViewType)mapped.Schema["Hot"].Type).Dimensions.ToArray());
    }

    [TestMethod]
    public void What_is_no_key_has_no_values()
    {
        var chain = _context.Transforms.Conversion.MapKeyToValue("Back", nameof(Row.Text)).Append(_context.Transforms.CopyColumns("Copy", "Back"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chain.Fit(Rows())).Message, "Schema mismatch for input column 'Text': expected KeyType, got String");
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Transforms.Conversion.MapKeyToValue("Back", nameof(Row.Text)).Fit(Rows()));
        var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.MapValueToKey("Key", "Nothing").Fit(Rows()));
        StringAssert.Contains(missing.Message, "Could not find input column 'Nothing'");
    }

    [TestMethod]
    public void A_saved_dictionary_gives_the_same_keys()
    {
        var conversion = _context.Transforms.Conversion;
        var pipeline = conversion.MapValueToKey("Key", nameof(Row.Text)).Append(conversion.MapValueToKey("NumberKey", nameof(Row.Number), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            .Append(conversion.MapValueToKey("FlagKey", nameof(Row.Flag))).Append(conversion.MapValueToKey("DateKey", nameof(Row.Date))).Append(conversion.MapValueToKey("KeyKey", "Key"))
            .Append(conversion.MapKeyToValue("Back", "Key")).Append(conversion.MapKeyToVector("Hot", "Key"));
        var model = pipeline.Fit(Rows());
        using var file = new MemoryStream();
        _context.Model.Save(model, Rows().Schema, file);
        file.Position = 0;

        var loaded = new MLContext().Model.Load(file, out _).Transform(Rows());

        var before = model.Transform(Rows());
        foreach (string column in new[] { "Key", "NumberKey", "FlagKey", "DateKey", "KeyKey" })
        {
            CollectionAssert.AreEqual(before.GetColumn<uint>(column).ToArray(), loaded.GetColumn<uint>(column).ToArray(), column);
            Assert.AreEqual(before.Schema[column].Type, loaded.Schema[column].Type);
        }
        CollectionAssert.AreEqual(new DateTime[] { new(2020, 1, 2), new(2021, 1, 2) }, KeyValues<DateTime>(loaded.Schema["DateKey"]));
        CollectionAssert.AreEqual(before.GetColumn<string>("Back").ToArray(), loaded.GetColumn<string>("Back").ToArray());
    }

    private static T[] KeyValues<T>(DataViewSchema.Column column)
    {
        VBuffer<T> values = default;
        column.GetKeyValues(ref values);
        return [.. values.DenseValues()];
    }

    private static IDataView FitTransform(IEstimator<ITransformer> estimator, IDataView data) => estimator.Fit(data).Transform(data);

    private IDataView Rows() => _context.Data.LoadFromEnumerable(new[]
    {
        new Row { Text = "b", Number = 5, Flag = true, Texts = ["x", "x"], Date = new(2020, 1, 2) },
        new Row { Text = "a", Number = -1, Texts = ["y", "x"], Date = new(2021, 1, 2) },
        new Row { Text = "b", Number = float.NaN, Flag = true, Texts = ["y", "y"], Date = new(2020, 1, 2) },
        new Row { Text = "", Number = 5, Texts = ["x", ""], Date = new(2021, 1, 2) },
        new Row { Text = "B", Number = 2, Texts = ["", ""], Date = new(2020, 1, 2) },
    });

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public float Number { get; set; }

        public bool Flag { get; set; }

        public DateTime Date { get; set; }

        [VectorType(2)]
        public string[] Texts { get; set; } = [];
    }

    private sealed class KeyRow
    {
        public string Value { get; set; } = "";
    }
}
