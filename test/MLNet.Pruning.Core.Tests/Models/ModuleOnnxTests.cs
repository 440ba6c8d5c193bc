using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

/// <summary>Modules of the user's own in ONNX Runtime, held against LibTorch.</summary>
[TestClass]
public sealed class ModuleOnnxTests
{
    static IEnumerable<object[]> Names => TracedModuleTests.Modules.Select(module => new object[] { module.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ONNX_Runtime_scores_as_LibTorch_does(string name)
    {
        var (_, build, shape) = TracedModuleTests.Modules.Single(module => module.Name == name);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var module = TracedModuleTests.Build(build);
        var file = Path.GetTempFileName();
        try
        {
            OnnxFile.Write(file, module, shape);
            using var session = new InferenceSession(file);
            foreach (var rows in new[] { 1, 5 })
            {
                var x = randn([rows, .. shape]);
                var expected = module.call(x).flatten(1).softmax(1).data<float>().ToArray();
                using var input = OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, float>(x.bytes).ToArray(), [rows, shape.Aggregate(1L, (a, b) => a * b)]);
                using var options = new RunOptions();
                using var results = session.Run(options, ["Features"], [input], ["Score"]);
                var found = results[0].GetTensorDataAsSpan<float>().ToArray();
                Assert.HasCount(expected.Length, found);
                for (var i = 0; i < found.Length; i++)
                    Assert.AreEqual(expected[i], found[i], 1e-5);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void A_module_that_cannot_be_told_is_refused_with_the_reason()
    {
        using var lstm = new Recurrent();
        var failure = Assert.Throws<NotSupportedException>(() => OnnxFile.Write(Path.GetTempFileName(), lstm, [3, 4]));
        StringAssert.Contains(failure.Message, "LSTM");
    }

    sealed class Recurrent : nn.Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.LSTM lstm = nn.LSTM(4, 5, batchFirst: true);
        readonly TorchSharp.Modules.Linear head = nn.Linear(5, 2);

        public Recurrent()
            : base(nameof(Recurrent)) => RegisterComponents();

        public override Tensor forward(Tensor input) => head.call(lstm.call(input).Item1.select(1, -1));
    }
}
