using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class DoorsTests
{
    [TestMethod]
    public void A_schema_shape_column_can_be_made()
    {
        var column = Doors.Column("Score", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single);
        Assert.AreEqual("Score", column.Name);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, column.Kind);
        Assert.AreEqual(NumberDataViewType.Single, column.ItemType);
        Assert.IsFalse(column.IsKey);
        Assert.IsEmpty(column.Annotations);
    }

    [TestMethod]
    public void Every_catalog_tells_its_environment()
    {
        var context = new MLContext { GpuDeviceId = 3, FallbackToCpu = true };
        foreach (object catalog in new object[] { context.Transforms, context.MulticlassClassification, context.MulticlassClassification.Trainers, context.Data })
            Assert.AreEqual((3, true), Doors.Settings(Doors.EnvironmentOf(catalog)));
        Assert.AreEqual((3, true), Doors.Settings(context));
    }

    [TestMethod]
    public void A_context_without_wishes_has_none()
    {
        Assert.AreEqual((null, false), Doors.Settings(Doors.EnvironmentOf(new MLContext().Transforms)));
    }

    [TestMethod]
    public void A_missing_member_is_named_with_the_version_and_the_way_out()
    {
        var failures = new[]
        {
            Assert.ThrowsExactly<NotSupportedException>(() => Doors.Type("Microsoft.ML.NoSuchType", "testing doors", "Knock")),
            Assert.ThrowsExactly<NotSupportedException>(() => Doors.Method(typeof(ModelSaveContext), "NoSuchMethod", [typeof(int)], "testing doors", "Knock")),
            Assert.ThrowsExactly<NotSupportedException>(() => Doors.Property(typeof(ModelSaveContext), "NoSuchProperty", "testing doors", "Knock")),
            Assert.ThrowsExactly<NotSupportedException>(() => Doors.Constructor(typeof(ModelSaveContext), [typeof(int)], "testing doors", "Knock")),
        };
        string[] members = ["type Microsoft.ML.NoSuchType", "method Microsoft.ML.ModelSaveContext.NoSuchMethod(Int32)", "property Microsoft.ML.ModelSaveContext.NoSuchProperty", "constructor Microsoft.ML.ModelSaveContext(Int32)"];
        string assembly = typeof(ModelSaveContext).Assembly.GetName().Name!;
        foreach (var (failure, member) in failures.Zip(members))
        {
            StringAssert.Contains(failure.Message, member);
            StringAssert.Contains(failure.Message, "Testing doors");
            StringAssert.Contains(failure.Message, assembly);
            StringAssert.Contains(failure.Message, "Knock");
        }
    }

    [TestMethod]
    public void Something_that_is_not_a_catalog_has_no_environment()
    {
        var failure = Assert.ThrowsExactly<NotSupportedException>(() => Doors.EnvironmentOf("text"));
        StringAssert.Contains(failure.Message, "IInternalCatalog");
    }
}
