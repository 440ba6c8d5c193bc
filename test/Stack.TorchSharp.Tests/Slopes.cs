using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests;

/// <summary>Central differences, the independent word on a gradient.</summary>
static class Slopes
{
    const double Step = 1e-6;

    internal static void AssertEqual(Tensor variable, Tensor gradient, Func<double> function, int limit = 60)
    {
        var values = variable.detach();
        var found = gradient.contiguous().data<double>().ToArray();
        var flat = values.view(-1);
        // Every element of a small tensor, elements spread over a large one.
        var stride = Math.Max(1, found.Length / limit);
        for (var k = 0; k < found.Length; k += stride)
        {
            var before = flat[k].item<double>();
            flat[k] = tensor(before + Step, float64);
            var above = function();
            flat[k] = tensor(before - Step, float64);
            var below = function();
            flat[k] = tensor(before, float64);
            var slope = (above - below) / (2 * Step);
            Assert.AreEqual(slope, found[k], 1e-5 * (1 + Math.Abs(slope)), $"element {k}");
        }
    }
}
