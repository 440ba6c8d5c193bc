using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Native;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

[TestClass]
public sealed class OperatorTests
{
    /// <summary>Every operator that the assembly names, with the field that names it.</summary>
    static IEnumerable<(string Where, Op Op)> Named()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        foreach (var type in typeof(torch).Assembly.GetTypes().Where(t => !t.ContainsGenericParameters))
            foreach (var field in type.GetFields(all))
            {
                var where = $"{type.FullName}.{field.Name}";
                if (field.FieldType == typeof(Op))
                    yield return (where, (Op)field.GetValue(null)!);
                else if (typeof(IEnumerable<Op>).IsAssignableFrom(field.FieldType))
                    foreach (var op in (IEnumerable<Op>)field.GetValue(null)!)
                        yield return (where, op);
            }
    }

    [TestMethod]
    public void Every_operator_named_exists_in_this_LibTorch()
    {
        var named = Named().ToList();
        Assert.IsGreaterThan(500, named.Count);
        var missing = new List<string>();
        foreach (var (where, op) in named)
            try
            {
                op.Find();
            }
            catch (ExternalException e)
            {
                missing.Add($"{where}: {e.Message}");
            }
        Assert.IsEmpty(missing, string.Join(Environment.NewLine, missing));
    }

    [TestMethod]
    public void An_operator_that_does_not_exist_is_named_in_the_error()
    {
        var error = Assert.ThrowsExactly<ExternalException>(() => new Op("aten::add", "Nonsense").Find());
        StringAssert.Contains(error.Message, "aten::add.Nonsense");
    }

    [TestMethod]
    public void Too_many_or_too_few_arguments_are_refused()
    {
        using var one = torch.ones(1);
        StringAssert.Contains(Assert.ThrowsExactly<ExternalException>(() => new Op("aten::abs").Call(one, 1)).Message, "at most 1");
        StringAssert.Contains(Assert.ThrowsExactly<ExternalException>(() => new Op("aten::matmul").Call(one)).Message, "other");
    }

    [TestMethod]
    public void Every_kind_of_argument_arrives()
    {
        using var scope = torch.NewDisposeScope();
        var a = torch.arange(6).reshape(2, 3).to(torch.float64);
        Assert.AreEqual(6, new Op("aten::cat").Call((torch.Tensor[])[a, a], 1).size(1));
        Assert.AreEqual("[3x2]", Shape(new Op("aten::permute").Call(a, (long[])[1, 0])));
        Assert.AreEqual("[2x3]", Shape(new Op("aten::index", "Tensor").Call(a, Arg.Maybe([null, torch.tensor(new[] { 0L, 1, 2 })]))));
        Assert.AreEqual(torch.ScalarType.Float32, new Op("aten::to", "dtype").Call(a, torch.ScalarType.Float32).dtype);
        Assert.AreEqual(15, new Op("aten::einsum").Call("ij->", (torch.Tensor[])[a]).ToDouble());
        var large = torch.ones(1);
        Assert.AreEqual(300, new Op("aten::cat").Call(Enumerable.Repeat(large, 300).ToArray(), 0).numel());
        using var generator = new torch.Generator(3);
        Assert.AreEqual("[2]", Shape(new Op("aten::rand", "generator").Call((long[])[2], generator)));
        Assert.AreEqual(2.0, new Op("aten::item").CallValue(torch.tensor(2.0)).Double);

        static string Shape(torch.Tensor tensor) => "[" + string.Join('x', tensor.shape) + "]";
    }
}
