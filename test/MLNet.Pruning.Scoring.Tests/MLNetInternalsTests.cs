using System.Reflection;
using System.Runtime.CompilerServices;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class MLNetInternalsTests
{
    [TestMethod]
    public void A_schema_shape_column_can_be_made()
    {
        var column = MLNetInternals.Column("Score", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single);
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
            Assert.AreEqual((3, true), MLNetInternals.Settings(MLNetInternals.EnvironmentOf(catalog)));
        Assert.AreEqual((3, true), MLNetInternals.Settings(context));
    }

    [TestMethod]
    public void A_context_without_wishes_has_none()
    {
        Assert.AreEqual((null, false), MLNetInternals.Settings(MLNetInternals.EnvironmentOf(new MLContext().Transforms)));
    }

    [TestMethod]
    public void A_missing_member_is_named_with_the_version_and_the_way_out()
    {
        var access = new MLNetInternals.Access("testing internals", "Knock");
        var type = typeof(ModelSaveContext);
        Func<object?>[] calls =
        [
            () => type.Assembly.GetType("Microsoft.ML.NoSuchType", throwOnError: true),
            () => type.InvokeMember("NoSuchMethod", BindingFlags.InvokeMethod, null, null, [1]),
            () => type.InvokeMember("NoSuchField", BindingFlags.GetField, null, null, null),
            () => Activator.CreateInstance(type, [1]),
            () => NoSuchMember(new MLContext()),
        ];
        var failures = calls.Select(call => Assert.ThrowsExactly<NotSupportedException>(() => access.Call(call))).ToArray();
        string[] members =
        [
            "Microsoft.ML.NoSuchType", "Microsoft.ML.ModelSaveContext.NoSuchMethod", "Microsoft.ML.ModelSaveContext.NoSuchField",
            "Microsoft.ML.ModelSaveContext", "MLContext.NoSuchMember",
        ];
        string assembly = typeof(ModelSaveContext).Assembly.GetName().Name!;
        foreach (var (failure, member) in failures.Zip(members))
        {
            StringAssert.Contains(failure.Message, member);
            StringAssert.Contains(failure.Message, "Testing internals");
            StringAssert.Contains(failure.Message, assembly);
            StringAssert.Contains(failure.Message, "Knock");
        }
    }

    public class Other : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new NotImplementedException();
    }

    [TestMethod]
    public void An_environment_that_is_no_context_of_MLNet_has_no_settings()
    {
        var failure = Assert.ThrowsExactly<NotSupportedException>(() => MLNetInternals.Settings(DispatchProxy.Create<IHostEnvironment, Other>()));
        StringAssert.Contains(failure.Message, "IHostEnvironmentInternal");
        StringAssert.Contains(failure.Message, "Set Device in the trainer's options");
    }

    /// <summary>Is saved by this library, and fails as if a member were missing.</summary>
    sealed class Failing : ITransformer
    {
        public bool IsRowToRowMapper => false;

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

        public IDataView Transform(IDataView input) => input;

        public void Save(ModelSaveContext ctx) => Loaders.Save(ctx, Loaders.Classifier, _ => throw new MissingFieldException("its own"));
    }

    [TestMethod]
    public void What_this_library_throws_while_ML_NET_saves_is_not_blamed_on_it()
    {
        using var stream = new MemoryStream();
        Assert.AreEqual("its own", Assert.ThrowsExactly<MissingFieldException>(() => new MLContext().Model.Save(new Failing(), null, stream)).Message);
    }

    [TestMethod]
    public void A_registration_that_fails_fails_again()
    {
        var catalog = ((IHostEnvironment)new MLContext()).ComponentCatalog;
        for (int i = 0; i < 2; i++)
            Assert.ThrowsExactly<NullReferenceException>(() => MLNetInternals.Register(catalog, "none", null!));
    }

    [TestMethod]
    public void Something_that_is_not_a_catalog_has_no_environment()
    {
        var failure = Assert.ThrowsExactly<NotSupportedException>(() => MLNetInternals.EnvironmentOf("text"));
        StringAssert.Contains(failure.Message, "IInternalCatalog");
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    static extern int NoSuchMember(MLContext context);
}
