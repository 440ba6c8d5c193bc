using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace MLNet.Pruning.Documentation.Tests;

/// <summary>A usual program has <c>using Microsoft.ML; using MLNet.Pruning;</c> and nothing more.</summary>
[TestClass]
public sealed class ExtensionTests
{
    static readonly (MethodInfo Method, Type Of)[] extensions =
    [
        .. from project in CompiledCode.Projects
           from type in Assembly.Load(project).GetExportedTypes()
           where type is { IsAbstract: true, IsSealed: true }
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static)
           where method.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute))
           select (method, method.GetParameters()[0].ParameterType),
    ];

    [TestMethod]
    public void Extensions_of_ML_NET_are_in_its_namespace()
    {
        var ofMLNet = extensions.Where(extension => extension.Of.Assembly.GetName().Name!.StartsWith("Microsoft.ML", StringComparison.Ordinal))
            .Select(extension => extension.Method).ToArray();
        Assert.IsGreaterThan(20, ofMLNet.Length);
        None(ofMLNet.Where(method => method.DeclaringType!.Namespace != "Microsoft.ML"));
    }

    [TestMethod]
    public void Extensions_of_services_are_in_their_namespace()
    {
        var ofServices = extensions.Where(extension => extension.Of == typeof(IServiceCollection)).Select(extension => extension.Method).ToArray();
        Assert.IsNotEmpty(ofServices);
        None(ofServices.Where(method => method.DeclaringType!.Namespace != "Microsoft.Extensions.DependencyInjection"));
    }

    [TestMethod]
    public void What_they_take_needs_no_other_using_than_ML_NETs_and_this_librarys() => None(
        from extension in extensions
        where extension.Method.DeclaringType!.Namespace == "Microsoft.ML"
        from parameter in extension.Method.GetParameters()
        from type in (Type[])[parameter.ParameterType, .. parameter.ParameterType.GetGenericArguments()]
        where type.FullName?.StartsWith("MLNet.Pruning.", StringComparison.Ordinal) == true && type.Namespace != "MLNet.Pruning"
        select extension.Method);

    static void None(IEnumerable<MethodInfo> wrong)
    {
        string[] names = [.. wrong.Select(method => $"{method.DeclaringType}.{method.Name}").Distinct()];
        Assert.IsEmpty(names, string.Join(", ", names));
    }
}
