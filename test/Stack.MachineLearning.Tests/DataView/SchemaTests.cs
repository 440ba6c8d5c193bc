using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataView;

[TestClass]
public sealed class SchemaTests
{
    [TestMethod]
    public void A_later_column_hides_an_earlier_one_of_the_same_name()
    {
        var schema = SchemaOf(("A", NumberDataViewType.Single), ("B", NumberDataViewType.Int32), ("A", TextDataViewType.Instance));

        Assert.AreEqual(3, schema.Count);
        Assert.AreEqual(2, schema["A"].Index);
        Assert.IsTrue(schema[0].IsHidden);
        Assert.IsFalse(schema[1].IsHidden);
        Assert.IsFalse(schema[2].IsHidden);
        Assert.AreSame(TextDataViewType.Instance, schema.GetColumnOrNull("A")!.Value.Type);
    }

    [TestMethod]
    public void A_name_that_is_not_there_is_named_in_the_exception()
    {
        var schema = SchemaOf(("A", NumberDataViewType.Single));

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema["Absent"]);
        StringAssert.Contains(error.Message, "Absent");
        Assert.IsNull(schema.GetColumnOrNull("Absent"));
        Assert.ThrowsExactly<ArgumentNullException>(() => schema[""]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema[1]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema[-1]);
    }

    [TestMethod]
    public void A_column_shows_its_name_type_and_annotations()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("IsNormalized", BooleanDataViewType.Instance, true);
        annotations.AddPrimitiveValue("Note", TextDataViewType.Instance, "n".AsMemory());
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("F", new VectorDataViewType(NumberDataViewType.Single, 3), annotations.ToAnnotations());
        builder.AddColumn("G", NumberDataViewType.Double);
        var schema = builder.ToSchema();

        Assert.AreEqual("F: Vector<Single, 3> {IsNormalized, Note}", schema[0].ToString());
        Assert.AreEqual("G: Double", schema[1].ToString());
        Assert.AreEqual("2 columns", schema.ToString());
        Assert.IsTrue(schema[0].IsNormalized());
        Assert.IsFalse(schema[1].IsNormalized());
    }

    [TestMethod]
    public void An_annotation_is_read_by_its_kind_and_type()
    {
        var builder = new DataViewSchema.Annotations.Builder();
        builder.AddPrimitiveValue("Weight", NumberDataViewType.Single, 2.5f);
        var annotations = builder.ToAnnotations();

        float value = 0;
        annotations.GetValue("Weight", ref value);
        Assert.AreEqual(2.5f, value);
        Assert.ThrowsExactly<InvalidOperationException>(() => annotations.GetValue("Absent", ref value));
        double wrong = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => annotations.GetValue("Weight", ref wrong));
    }

    [TestMethod]
    public void An_annotation_whose_value_is_of_another_type_is_refused()
    {
        var builder = new DataViewSchema.Annotations.Builder();

        Assert.ThrowsExactly<ArgumentException>(() => builder.AddPrimitiveValue("Weight", NumberDataViewType.Single, 2.5));
        Assert.ThrowsExactly<ArgumentException>(() => builder.Add("Weight", NumberDataViewType.Single, (ref double value) => value = 1));
        Assert.ThrowsExactly<ArgumentNullException>(() => builder.AddPrimitiveValue("", NumberDataViewType.Single, 1f));
    }

    [TestMethod]
    public void Annotations_can_be_carried_over_by_kind()
    {
        var source = new DataViewSchema.Annotations.Builder();
        source.AddPrimitiveValue("Keep", NumberDataViewType.Int32, 1);
        source.AddPrimitiveValue("Drop", NumberDataViewType.Int32, 2);
        var target = new DataViewSchema.Annotations.Builder();
        target.Add(source.ToAnnotations(), kind => kind == "Keep");

        Assert.AreEqual("Keep", target.ToAnnotations().ToString());
        Assert.AreEqual(0, DataViewSchema.Annotations.Empty.Schema.Count);
    }

    [TestMethod]
    public void Key_values_are_there_only_when_they_number_the_keys()
    {
        static DataViewSchema.Column Column(ulong keys, int values)
        {
            var names = new VBuffer<ReadOnlyMemory<char>>(values, Enumerable.Range(0, values).Select(i => $"v{i}".AsMemory()).ToArray());
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.Add("KeyValues", new VectorDataViewType(TextDataViewType.Instance, values), (ref VBuffer<ReadOnlyMemory<char>> value) => names.CopyTo(ref value));
            var builder = new DataViewSchema.Builder();
            builder.AddColumn("K", new KeyDataViewType(typeof(uint), keys), annotations.ToAnnotations());
            return builder.ToSchema()["K"];
        }

        Assert.IsTrue(Column(3, 3).HasKeyValues());
        Assert.IsFalse(Column(4, 3).HasKeyValues());
        Assert.IsFalse(Column(3, 3).HasKeyValues(NumberDataViewType.Single));
        VBuffer<ReadOnlyMemory<char>> read = default;
        Column(3, 3).GetKeyValues(ref read);
        CollectionAssert.AreEqual(new[] { "v0", "v1", "v2" }, read.DenseValues().Select(value => value.ToString()).ToArray());
    }

    [TestMethod]
    public void Slot_names_are_there_only_when_they_number_the_slots()
    {
        static DataViewSchema.Column Column(int slots, int names)
        {
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, names), (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(names, new ReadOnlyMemory<char>[names]));
            var builder = new DataViewSchema.Builder();
            builder.AddColumn("V", new VectorDataViewType(NumberDataViewType.Single, slots), annotations.ToAnnotations());
            return builder.ToSchema()["V"];
        }

        Assert.IsTrue(Column(2, 2).HasSlotNames());
        Assert.IsFalse(Column(3, 2).HasSlotNames());
    }

    private static DataViewSchema SchemaOf(params (string Name, DataViewType Type)[] columns)
    {
        var builder = new DataViewSchema.Builder();
        foreach (var (name, type) in columns)
            builder.AddColumn(name, type);
        return builder.ToSchema();
    }
}
