using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Offline.ML.Tests.Environment;

[assembly: LoadableClass(typeof(ComponentCatalogTests.Single), null, typeof(SignatureDefault), "", "single")]
[assembly: LoadableClass(typeof(ComponentCatalogTests.Made), null, typeof(SignatureDefault), "", "made")]
[assembly: LoadableClass(typeof(ComponentCatalogTests.Created), null, typeof(SignatureDefault), "", "created")]
[assembly: LoadableClass(typeof(ComponentCatalogTests.Throws), null, typeof(SignatureDefault), "", "throws")]
[assembly: LoadableClass(typeof(ComponentCatalogTests.Throws), null, typeof(SignatureDefault), "", "single")]
[assembly: LoadableClass(typeof(ComponentCatalogTests.Impossible), null, typeof(SignatureDefault), "", "impossible")]

namespace MLNet.Pruning.Offline.ML.Tests.Environment;

[TestClass]
public sealed class ComponentCatalogTests
{
    [TestMethod]
    public void The_library_s_own_loaders_are_found_by_name_in_any_case()
    {
        var context = new MLContext();
        Assert.IsNull(context.ComponentCatalog.GetLoadableClassInfo<SignatureLoadModel>("TransformerChain"));
        context.ComponentCatalog.RegisterAssembly(typeof(MLContext).Assembly);

        var info = context.ComponentCatalog.GetLoadableClassInfo<SignatureLoadModel>(" transformerchain ");
        Assert.AreEqual(typeof(TransformerChain<ITransformer>), info!.Type);
        Assert.IsTrue(info.RequireEnvironment);
        Assert.IsNull(context.ComponentCatalog.GetLoadableClassInfo<SignatureDefault>("TransformerChain"));
    }

    [TestMethod]
    public void Every_loadable_class_of_the_library_can_be_made()
    {
        var catalog = new MLContext().ComponentCatalog;
        catalog.RegisterAssembly(typeof(MLContext).Assembly);

        foreach (var info in catalog.GetAllClasses())
            Assert.IsTrue(info.Constructor is not null || info.CreateMethod is not null || info.InstanceGetter is not null, info.LoadNames[0]);
    }

    [TestMethod]
    public void Objects_are_made_by_whichever_way_is_more_open()
    {
        var context = new MLContext();
        context.ComponentCatalog.RegisterAssembly(typeof(ComponentCatalogTests).Assembly, throwOnError: false);

        Assert.AreSame(Single.Instance, Make(context, "single"));
        Assert.AreSame(context, ((Made)Make(context, "made")).Environment);
        Assert.IsTrue(((Created)Make(context, "created")).ByMethod);
        Assert.IsFalse(ComponentCatalog.TryCreateInstance<object, SignatureDefault>(context, out _, "absent", ""));
        Assert.ThrowsExactly<InvalidOperationException>(() => ComponentCatalog.TryCreateInstance<string, SignatureDefault>(context, out _, "made", ""));
        Assert.ThrowsExactly<InvalidOperationException>(() => ComponentCatalog.TryCreateInstance<object, SignatureDefault>(context, out _, "made", "", 1));
    }

    [TestMethod]
    public void A_name_that_is_taken_or_a_class_that_cannot_be_made_is_an_error_unless_told_otherwise()
        => Assert.ThrowsExactly<InvalidOperationException>(() => new MLContext().ComponentCatalog.RegisterAssembly(typeof(ComponentCatalogTests).Assembly));

    [TestMethod]
    public void An_exception_of_a_component_is_wrapped_when_it_was_thrown_on_purpose()
    {
        var context = new MLContext();
        context.ComponentCatalog.RegisterAssembly(typeof(ComponentCatalogTests).Assembly, throwOnError: false);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Make(context, "throws"));
        Assert.IsInstanceOfType<TargetInvocationException>(error.InnerException);
    }

    private static object Make(IHostEnvironment environment, string name)
    {
        Assert.IsTrue(ComponentCatalog.TryCreateInstance<object, SignatureDefault>(environment, out var made, name, ""));
        return made!;
    }

    public sealed class Single
    {
        private Single()
        {
        }

        public static Single Instance { get; } = new();
    }

    public sealed class Made(IHostEnvironment environment)
    {
        public IHostEnvironment Environment => environment;
    }

    public sealed class Created
    {
        private Created()
        {
        }

        public bool ByMethod { get; private init; }

        public static Created Create() => new() { ByMethod = true };
    }

    public sealed class Impossible(string text)
    {
        public string Text => text;
    }

    public sealed class Throws
    {
        public Throws() => throw Contracts.Except("on purpose");
    }
}
