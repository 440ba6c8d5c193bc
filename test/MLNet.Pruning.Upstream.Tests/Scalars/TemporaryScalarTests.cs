using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Upstream.Tests.Scalars;

[TestClass]
public sealed class TemporaryScalarTests
{
    static readonly TemporaryScalars temporary = new(typeof(Scalar).Assembly.Location);

    /// <summary>The product, samples and tests that were built before this project, one path a line; and what stands beside it.</summary>
    static string[] Assemblies => [.. File.ReadAllLines(Beside("assemblies.txt")), Beside("MLNet.Pruning.dll"), typeof(Wrong).Assembly.Location];

    // Types that may still go wrong: those that measure what TorchSharp 0.107 can be asked.
    static readonly string[] leaving = [typeof(Wrong).FullName!];

    [TestMethod]
    public void Whatever_is_compiled_here_holds_its_scalars()
    {
        string[] some = ["MLNet.Pruning.Core.dll", "MLNet.Pruning.dll", "mlprune.dll", "RankPruning.dll", "MLNet.Pruning.Core.Tests.dll"];
        CollectionAssert.IsSubsetOf(some, Assemblies.Select(Path.GetFileName).ToArray());
        string[] wrong = [.. Assemblies.SelectMany(temporary.In).Where(line => !leaving.Any(line.StartsWith))];
        Assert.IsEmpty(wrong, $"Hold the Scalar in a using or a static field, or use MLNet.Pruning.Scalars:\n{string.Join("\n", wrong)}");
    }

    [TestMethod]
    [DataRow(nameof(Wrong.Operator), "TorchSharp.torch+Tensor.op_Division(TorchSharp.torch+Tensor, Double)")]
    [DataRow(nameof(Wrong.Argument), "TorchSharp.Scalar.op_Implicit(Int32)")]
    [DataRow(nameof(Wrong.Sum), "TorchSharp.torch+Tensor.op_Addition(TorchSharp.torch+Tensor, TorchSharp.torch+Tensor)")]
    [DataRow(nameof(Wrong.Local), "TorchSharp.Scalar.op_Implicit(Double)")]
    [DataRow(nameof(Wrong.Method), "MLNet.Pruning.Upstream.Tests.Scalars.TemporaryScalarTests+Wrong.Made(Double)")]
    [DataRow(nameof(Wrong.Read), "TorchSharp.TensorExtensionMethods.ToSingle(TorchSharp.torch+Tensor)")]
    [DataRow(nameof(Wrong.Module), "TorchSharp.Modules.ELU.forward")]
    public void A_scalar_that_is_not_held_is_named_with_its_method(string method, string call)
    {
        var line = $"{typeof(Wrong).FullName}.{method} calls {call}";
        CollectionAssert.AreEqual(new[] { line }, Own.Where(own => own.StartsWith($"{typeof(Wrong).FullName}.{method} ")).ToArray());
    }

    [TestMethod]
    public void Scalars_that_are_held_are_let_be() => Assert.IsEmpty(Own.Where(own => own.StartsWith(typeof(Right).FullName!)));

    /// <summary>What makes the product's own arithmetic necessary; what is no longer among these may be written plainly again.</summary>
    [TestMethod]
    [DataRow("TorchSharp.torch+Tensor.op_Addition(TorchSharp.torch+Tensor, TorchSharp.torch+Tensor)", true)]
    [DataRow("TorchSharp.torch+Tensor.op_Multiply(TorchSharp.torch+Tensor, Double)", true)]
    [DataRow("TorchSharp.torch+Tensor.square()", true)]
    [DataRow("TorchSharp.Modules.BatchNorm.forward(TorchSharp.torch+Tensor)", true)]
    [DataRow("TorchSharp.Modules.LeakyReLU.forward(TorchSharp.torch+Tensor)", true)]
    [DataRow("TorchSharp.Modules.Adam.step(System.Func`1<TorchSharp.torch+Tensor>)", true)]
    [DataRow("TorchSharp.torch+Tensor.op_Subtraction(TorchSharp.torch+Tensor, TorchSharp.torch+Tensor)", false)]
    [DataRow("TorchSharp.torch+Tensor.add(TorchSharp.torch+Tensor, TorchSharp.Scalar)", false)]
    [DataRow("TorchSharp.torch+Tensor.item()", false)]
    [DataRow("TorchSharp.Modules.LayerNorm.forward(TorchSharp.torch+Tensor)", false)]
    public void TorchSharp_itself_holds_some_scalars_and_others_not(string method, bool careless)
        => Assert.AreEqual(careless, temporary.Careless.Contains(method));

    static IEnumerable<string> Own => temporary.In(typeof(Wrong).Assembly.Location);

    static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);

    static class Wrong
    {
        public static Tensor Operator(Tensor x) => x / 3.0;

        public static Tensor Argument(Tensor x) => x.gt(0);

        public static Tensor Sum(Tensor x) => x + x;

        public static Tensor Local(Tensor x)
        {
            Scalar three = 3.0;
            return x.mul(three).mul(three);
        }

        public static Scalar Made(double number) => number;

        public static Tensor Method(Tensor x) => x.mul(Made(3));

        public static float Read(Tensor x) => x.ToSingle();

        public static nn.Module<Tensor, Tensor> Module() => nn.ELU();
    }

    static class Right
    {
        static readonly Scalar two = 2;

        public static Tensor Field(Tensor x) => x.add(x, two) - x;

        public static Tensor Using(Tensor x, double number)
        {
            using Scalar scalar = number;
            return x.mul(scalar);
        }

        public static Tensor Block(Tensor x, double number)
        {
            using (var scalar = number.ToScalar())
                return x.mul(scalar).mul(scalar);
        }

        public static Tensor KeptAlive(Tensor x)
        {
            var scalar = Made();
            x = x.mul(scalar);
            GC.KeepAlive(scalar);
            return x;
        }

        public static Scalar Made() => 3;

        public static Tensor Tensors(Tensor x) => (x - x) * x / x;

        public static nn.Module<Tensor, Tensor> Module() => nn.GELU();
    }
}
