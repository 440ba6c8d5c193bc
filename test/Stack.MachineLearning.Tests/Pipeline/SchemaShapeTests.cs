using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Pipeline;

[TestClass]
public sealed class SchemaShapeTests
{
    [TestMethod]
    public void An_estimator_sees_kinds_item_types_keys_and_annotations()
    {
        var shape = ShapeOf(new MLContext(1).Data.LoadFromEnumerable(new List<Row>()));

        CollectionAssert.AreEqual(
            new[] { "Scalar Single False", "Vector Single False", "VariableVector String False", "Scalar UInt32 True" },
            shape.Select(column => $"{column.Kind} {column.ItemType} {column.IsKey}").ToArray());
        Assert.AreEqual("Number", shape[0].Name);
        Assert.AreEqual(0, shape[0].Annotations.Count);
    }

    [TestMethod]
    public void Annotations_have_a_shape_too()
    {
        var definition = SchemaDefinition.Create(typeof(Row));
        definition["Key"].AddAnnotation("KeyValues", new[] { "a", "b", "c" }, new VectorDataViewType(TextDataViewType.Instance, 3));
        var shape = ShapeOf(new MLContext(1).Data.LoadFromEnumerable(new List<Row>(), definition));
        var annotation = shape.Single(column => column.Name == "Key").Annotations.Single();

        Assert.AreEqual("KeyValues", annotation.Name);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, annotation.Kind);
        Assert.AreSame(TextDataViewType.Instance, annotation.ItemType);
    }

    [TestMethod]
    public void Hidden_columns_are_left_out()
    {
        var data = new Doubler("Number", "Number").Transform(new MLContext(1).Data.LoadFromEnumerable(new List<Row>()));

        Assert.AreEqual(5, data.Schema.Count);
        Assert.AreEqual(4, ShapeOf(data).Count);
    }

    [TestMethod]
    public void A_column_that_was_not_made_properly_is_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new SchemaShape([default]));
        Assert.ThrowsExactly<ArgumentNullException>(() => new SchemaShape(null!));
        Assert.AreEqual(0, new SchemaShape([]).Count);
    }

    // A shape can be made only by the library: it hands one to each estimator of a chain that is fitted.
    private static SchemaShape ShapeOf(IDataView data)
    {
        var seen = new Seer();
        new EstimatorChain<ITransformer>().Append(seen).Fit(data);
        return seen.Shape!;
    }

    private sealed class Seer : IEstimator<ITransformer>
    {
        public SchemaShape? Shape { get; private set; }

        public ITransformer Fit(IDataView input) => new TransformerChain<ITransformer>();

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Shape = inputSchema;
    }

    private sealed class Row
    {
        public float Number { get; set; }

        [VectorType(3)]
        public float[] Fixed { get; set; } = [];

        public string[] Free { get; set; } = [];

        [KeyType(3)]
        public uint Key { get; set; }
    }
}
