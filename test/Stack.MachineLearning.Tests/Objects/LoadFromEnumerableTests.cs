using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Objects;

[TestClass]
public sealed class LoadFromEnumerableTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Fields_come_before_properties_with_the_types_that_attributes_say()
    {
        var schema = _context.Data.LoadFromEnumerable(new List<Everything>()).Schema;

        CollectionAssert.AreEqual(
            new[]
            {
                "Number: Single", "Named: Double", "Pixels: Vector<Single, 2, 3>", "Free: Vector<Byte>", "Key: Key<UInt32, 0-3>",
                "Text: String", "Texts: Vector<String>", "Flag: Boolean", "Sparse: Vector<Double, 4>", "When: DateTime",
            },
            schema.Select(column => column.ToString()).ToArray());
    }

    [TestMethod]
    public void Values_are_those_of_the_members()
    {
        var row = new Everything
        {
            Number = 1.5f,
            Other = 2.5,
            Pixels = [1, 2, 3, 4, 5, 6],
            Free = [7, 8],
            Key = 2,
            Text = "text",
            Texts = ["a", null!],
            Flag = true,
            Sparse = new VBuffer<double>(4, 1, [9], [2]),
            When = new DateTime(2020, 1, 2),
        };
        var data = _context.Data.LoadFromEnumerable([row]);

        Assert.AreEqual(1.5f, data.GetColumn<float>("Number").Single());
        Assert.AreEqual(2.5, data.GetColumn<double>("Named").Single());
        CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4, 5, 6 }, data.GetColumn<float[]>("Pixels").Single());
        CollectionAssert.AreEqual(new byte[] { 7, 8 }, data.GetColumn<byte[]>("Free").Single());
        Assert.AreEqual("text", data.GetColumn<string>("Text").Single());
        CollectionAssert.AreEqual(new[] { "a", "" }, data.GetColumn<string[]>("Texts").Single());
        Assert.IsTrue(data.GetColumn<bool>("Flag").Single());
        Assert.IsFalse(data.GetColumn<VBuffer<double>>("Sparse").Single().IsDense);
        Assert.AreEqual(new DateTime(2020, 1, 2), data.GetColumn<DateTime>("When").Single());
    }

    [TestMethod]
    public void A_member_counts_its_keys_from_zero_and_a_key_column_from_one()
    {
        var data = _context.Data.LoadFromEnumerable(new uint[] { 0, 3, 4 }.Select(key => new Everything { Key = key }));

        CollectionAssert.AreEqual(new uint[] { 1, 4, 0 }, data.GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void Missing_text_and_arrays_are_empty()
    {
        var data = _context.Data.LoadFromEnumerable([new Everything { Text = null!, Texts = null!, Free = null! }]);

        Assert.AreEqual("", data.GetColumn<string>("Text").Single());
        Assert.AreEqual(0, data.GetColumn<string[]>("Texts").Single().Length);
        Assert.AreEqual(0, data.GetColumn<byte[]>("Free").Single().Length);
    }

    [TestMethod]
    public void Rows_are_enumerated_anew_by_each_cursor_and_not_before()
    {
        int enumerations = 0;
        IEnumerable<Everything> Rows()
        {
            enumerations++;
            yield return new Everything { Number = 1 };
        }

        var data = _context.Data.LoadFromEnumerable(Rows());
        Assert.AreEqual(0, enumerations);
        Assert.AreEqual(1f, data.GetColumn<float>("Number").Single());
        Assert.AreEqual(1f, data.GetColumn<float>("Number").Single());
        Assert.AreEqual(2, enumerations);
        Assert.IsNull(data.GetRowCount());
        Assert.IsFalse(data.CanShuffle);
        Assert.AreEqual(3L, _context.Data.LoadFromEnumerable(new List<Everything> { new(), new(), new() }).GetRowCount());
    }

    [TestMethod]
    public void A_row_that_is_null_is_an_error()
        => Assert.ThrowsExactly<InvalidOperationException>(() => _context.Data.LoadFromEnumerable(new Everything[] { null! }).GetColumn<float>("Number").ToArray());

    [TestMethod]
    public void A_cursor_knows_where_it_is_and_which_columns_are_active()
    {
        var data = _context.Data.LoadFromEnumerable([new Everything { Number = 1 }, new Everything { Number = 2 }]);
        using var cursor = data.GetRowCursor([data.Schema["Number"]]);

        Assert.IsTrue(cursor.IsColumnActive(data.Schema["Number"]));
        Assert.IsFalse(cursor.IsColumnActive(data.Schema["Flag"]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<bool>(data.Schema["Flag"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<double>(data.Schema["Number"]));
        Assert.AreEqual(-1L, cursor.Position);
        var number = cursor.GetGetter<float>(data.Schema["Number"]);
        var id = cursor.GetIdGetter();
        float value = 0;
        DataViewRowId rowId = default;
        Assert.ThrowsExactly<InvalidOperationException>(() => id(ref rowId));
        Assert.IsTrue(cursor.MoveNext());
        Assert.IsTrue(cursor.MoveNext());
        number(ref value);
        id(ref rowId);
        Assert.AreEqual(1L, cursor.Position);
        Assert.AreEqual(2f, value);
        Assert.AreEqual(new DataViewRowId(1, 0), rowId);
        Assert.IsFalse(cursor.MoveNext());
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1L, cursor.Position);
    }

    [TestMethod]
    public void Members_that_no_column_can_hold_are_named()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<Unholdable>()));
        StringAssert.Contains(error.Message, nameof(Unholdable.Strange));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<Optional>()));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<Twice>()));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<ScalarVector>()));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<SignedKey>()));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Data.LoadFromEnumerable<Everything>(null!));
    }

    [TestMethod]
    public void A_definition_renames_retypes_and_annotates()
    {
        var definition = SchemaDefinition.Create(typeof(Everything));
        definition["Number"].ColumnName = "Renamed";
        definition["Free"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 2);
        definition["Free"].AddAnnotation("SlotNames", new[] { "x", "y" }, new VectorDataViewType(TextDataViewType.Instance, 2));
        definition.Remove(definition["Flag"]);
        var schema = _context.Data.LoadFromEnumerable(new List<Everything>(), definition).Schema;

        Assert.IsNull(schema.GetColumnOrNull("Number"));
        Assert.IsNull(schema.GetColumnOrNull("Flag"));
        Assert.IsNotNull(schema.GetColumnOrNull("Renamed"));
        Assert.AreEqual("Vector<Byte, 2>", schema["Free"].Type.ToString());
        VBuffer<ReadOnlyMemory<char>> names = default;
        schema["Free"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "x", "y" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void A_definition_that_contradicts_the_members_is_refused()
    {
        var definition = SchemaDefinition.Create(typeof(Everything));
        definition["Number"].ColumnType = NumberDataViewType.Double;
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<Everything>(), definition));

        definition = SchemaDefinition.Create(typeof(Everything));
        definition["Number"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new List<Everything>(), definition));

        var column = SchemaDefinition.Create(typeof(Everything))["Number"];
        Assert.ThrowsExactly<InvalidOperationException>(() => column.AddAnnotation("Note", 1.0, NumberDataViewType.Single));
        column.AddAnnotation("Note", 1f, NumberDataViewType.Single);
        Assert.ThrowsExactly<InvalidOperationException>(() => column.AddAnnotation("Note", 1f, NumberDataViewType.Single));
    }

    [TestMethod]
    public void A_schema_gives_the_types_that_the_class_leaves_open()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Free", new VectorDataViewType(NumberDataViewType.Byte, 2));
        builder.AddColumn("Key", new KeyDataViewType(typeof(uint), 9));
        var schema = _context.Data.LoadFromEnumerable(new List<Everything>(), builder.ToSchema()).Schema;

        Assert.AreEqual("Vector<Byte, 2>", schema["Free"].Type.ToString());
        Assert.AreEqual("Key<UInt32, 0-8>", schema["Key"].Type.ToString());
        builder.AddColumn("Absent", NumberDataViewType.Single);
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Data.LoadFromEnumerable(new List<Everything>(), builder.ToSchema()));
    }

    private sealed class Everything
    {
        public const int Constant = 1;

        public float Number;

        [ColumnName("Named")]
        public double Other;

        [VectorType(2, 3)]
        public float[] Pixels = new float[6];

        public byte[] Free = [];

        [KeyType(4)]
        public uint Key;

        [NoColumn]
        public object? Ignored = null;

        public string Text { get; set; } = "";

        public string[] Texts { get; set; } = [];

        public bool Flag { get; set; }

        [VectorType(4)]
        public VBuffer<double> Sparse { get; set; }

        public DateTime When { get; set; }
    }

    private sealed class Unholdable
    {
        public Version Strange { get; set; } = new();
    }

    private sealed class Optional
    {
        public float? Value { get; set; }
    }

    private sealed class Twice
    {
        public float A { get; set; }

        [ColumnName("A")]
        public float B { get; set; }
    }

    private sealed class ScalarVector
    {
        [VectorType(2)]
        public float Value { get; set; }
    }

    private sealed class SignedKey
    {
        [KeyType(2)]
        public int Value { get; set; }
    }
}
