using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class ConvolutionContributionTests
{
    /// <summary>channels, outputs, height, width, kernel height and width, and how it slides.</summary>
    public static IEnumerable<object[]> Layers =>
    [
        [3, 4, 5, 5, 3, 3, ConvolutionShape.Square(padding: 1)],
        [5, 19, 6, 7, 3, 3, ConvolutionShape.Square()],
        [4, 6, 9, 8, 3, 2, ConvolutionShape.Square(stride: 2, padding: 1)],
        [3, 5, 9, 9, 3, 3, ConvolutionShape.Square(stride: 2, padding: 2, dilation: 2)],
        [6, 4, 5, 6, 3, 3, ConvolutionShape.Square(padding: 1, groups: 2)],
        [6, 6, 5, 5, 3, 3, ConvolutionShape.Square(padding: 1, groups: 6)],
        [7, 5, 6, 6, 1, 1, ConvolutionShape.Square()],
        [7, 5, 7, 6, 1, 1, ConvolutionShape.Square(stride: 2)],
        [3, 5, 4, 4, 1, 1, ConvolutionShape.Square(padding: 1)],
        [4, 9, 1, 20, 1, 5, new ConvolutionShape { Stride = (1, 3), Padding = (0, 2) }],
        [4, 3, 7, 8, 3, 3, new ConvolutionShape { Stride = (1, 2), Padding = (2, 0), Dilation = (2, 1) }],
        [3, 4, 4, 5, 3, 3, new ConvolutionShape { Transposed = true, Stride = (2, 2), Padding = (1, 1), OutputPadding = (1, 1) }],
        [4, 6, 3, 4, 2, 2, new ConvolutionShape { Transposed = true, Stride = (2, 2), Groups = 2 }],
        [4, 2, 5, 4, 3, 3, new ConvolutionShape { Transposed = true, Padding = (1, 2), Dilation = (2, 1) }],
        [3, 2, 6, 5, 2, 3, new ConvolutionShape { Transposed = true, Stride = (1, 2), Padding = (2, 2) }],
    ];

    [TestMethod]
    [DynamicData(nameof(Layers))]
    public void Shares_are_those_of_the_definition(int channels, int outputs, int height, int width, int kernelHeight, int kernelWidth, ConvolutionShape shape)
    {
        var random = new Random(channels * 100 + height);
        var w = Numbers.Normal(random, outputs * channels / shape.Groups * kernelHeight * kernelWidth);
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            foreach (var samples in new[] { 1, 21 })
            {
                var a = Numbers.Normal(random, samples * channels * height * width, rectified: mode == ContributionMode.Absolute);
                var accumulator = new ContributionAccumulator(channels, mode);
                accumulator.Convolution(a, height, width, w, kernelHeight, kernelWidth, shape);
                Numbers.AreClose(new NaiveShares(channels, mode == ContributionMode.Signed).Convolution(a, height, width, w, kernelHeight, kernelWidth, shape), accumulator);
            }
        }
    }

    sealed record Reference(double[] Average, double[] Maximum);

    [TestMethod]
    public void Shares_equal_those_that_PyTorchs_convolutions_give()
    {
        var random = new Random(3);
        var layers = Layers.ToArray();
        var (jobs, ours) = (new List<object>(), new List<ContributionScores>());
        foreach (var layer in layers)
        {
            var (channels, outputs, height, width) = ((int)layer[0], (int)layer[1], (int)layer[2], (int)layer[3]);
            var (kernelHeight, kernelWidth, shape) = ((int)layer[4], (int)layer[5], (ConvolutionShape)layer[6]);
            var a = Numbers.Normal(random, 3 * channels * height * width, rectified: true);
            var w = Numbers.Normal(random, outputs * channels / shape.Groups * kernelHeight * kernelWidth);
            jobs.Add(new
            {
                A = a,
                ShapeA = new[] { 3, channels, height, width },
                W = w,
                ShapeW = shape.Transposed
                    ? new[] { channels, outputs / shape.Groups, kernelHeight, kernelWidth }
                    : [outputs, channels / shape.Groups, kernelHeight, kernelWidth],
                Stride = Pair(shape.Stride),
                Padding = Pair(shape.Padding),
                Dilation = Pair(shape.Dilation),
                Extra = Pair(shape.OutputPadding),
                shape.Groups,
                shape.Transposed,
            });
            var accumulator = new ContributionAccumulator(channels);
            accumulator.Convolution(a, height, width, w, kernelHeight, kernelWidth, shape);
            ours.Add(accumulator.Scores());
        }
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(jobs, JsonSerializerOptions.Web));
            var references = Python.Json<Reference[]>("contribution.py", path);
            Assert.HasCount(layers.Length, references);
            for (var i = 0; i < references.Length; i++)
            {
                Numbers.AreClose(references[i].Average, ours[i].Average, 3e-6, string.Create(CultureInfo.InvariantCulture, $"average in layer {i}"));
                Numbers.AreClose(references[i].Maximum, ours[i].Maximum, 3e-6, string.Create(CultureInfo.InvariantCulture, $"maximum in layer {i}"));
            }
        }
        finally
        {
            File.Delete(path);
        }

        static int[] Pair((int, int) value) => [value.Item1, value.Item2];
    }

    [TestMethod]
    public void A_wrong_geometry_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var accumulator = new ContributionAccumulator(4);
        void Observe(Tensor weight, ConvolutionShape shape) => accumulator.ObserveConvolution(zeros(1, 4, 5, 5), weight, shape);
        Assert.ThrowsExactly<ArgumentException>(() => Observe(zeros(4, 1, 3, 3), ConvolutionShape.Square(groups: 3)));
        Assert.ThrowsExactly<ArgumentException>(() => Observe(zeros(1, 5, 3, 3), ConvolutionShape.Square()));
        Assert.Contains("no output", Assert.ThrowsExactly<ArgumentException>(() => Observe(zeros(1, 4, 3, 3), ConvolutionShape.Square(dilation: 3))).Message);
        Assert.Contains("Stride", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Observe(zeros(1, 4, 3, 3), ConvolutionShape.Square(stride: 0))).Message);
        Assert.ThrowsExactly<ArgumentException>(() => Observe(zeros(3, 2, 3, 3), ConvolutionShape.Square(groups: 2)));
    }
}
