using MLNet.Pruning.Plans.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class ContributionTensorTests
{
    static readonly VectorWidth?[] kernels = [null, VectorWidth.Portable, VectorWidth.Wide, VectorWidth.Widest];

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void A_linear_layer_scores_the_same_by_the_definition_and_by_the_kernel(int block)
    {
        var random = new Random(8);
        var (a, w) = (Numbers.Normal(random, 12 * 9 * block), Numbers.Normal(random, 7 * 9 * block));
        using var scope = NewDisposeScope();
        var (activations, weight) = (tensor(a).reshape(3, 4, 9 * block), tensor(w).reshape(7, 9 * block));
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            var expected = new NaiveShares(9, mode == ContributionMode.Signed).Linear(a, w, block);
            foreach (var kernel in kernels)
            {
                var accumulator = new ContributionAccumulator(9, mode) { Kernel = kernel };
                accumulator.ObserveLinear(activations, weight, block);
                Numbers.AreClose(expected, accumulator);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(ConvolutionContributionTests.Layers), typeof(ConvolutionContributionTests))]
    public void A_convolution_scores_the_same_by_the_definition_and_by_the_kernel(int channels, int outputs, int height, int width, int kernelHeight, int kernelWidth, ConvolutionShape shape)
    {
        var random = new Random(9);
        var (a, w) = (Numbers.Normal(random, 3 * channels * height * width), Numbers.Normal(random, outputs * channels / shape.Groups * kernelHeight * kernelWidth));
        using var scope = NewDisposeScope();
        var activations = tensor(a).reshape(3, channels, height, width);
        var weight = shape.Transposed
            ? tensor(w).reshape(channels, outputs / shape.Groups, kernelHeight, kernelWidth)
            : tensor(w).reshape(outputs, channels / shape.Groups, kernelHeight, kernelWidth);
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            var expected = new NaiveShares(channels, mode == ContributionMode.Signed).Convolution(a, height, width, w, kernelHeight, kernelWidth, shape);
            foreach (var kernel in kernels)
            {
                var accumulator = new ContributionAccumulator(channels, mode) { Kernel = kernel };
                accumulator.ObserveConvolution(activations, weight, shape);
                Numbers.AreClose(expected, accumulator);
            }
        }
    }

    [TestMethod]
    public void Large_layers_score_the_same_by_the_definition_and_by_the_kernel()
    {
        using var scope = NewDisposeScope();
        var random = new Random(12);
        var (a, w) = (tensor(Numbers.Normal(random, 300 * 270, rectified: true)).reshape(300, 270), tensor(Numbers.Normal(random, 70 * 270)).reshape(70, 270));
        var (images, filters) = (a[..20].reshape(20, 6, 5, 9), w.reshape(210, 6, 5, 3));
        foreach (var kernel in kernels)
        {
            var (expected, actual) = (new ContributionAccumulator(270) { Kernel = null }, new ContributionAccumulator(270) { Kernel = kernel });
            Close(x => x.ObserveLinear(a, w));
            (expected, actual) = (new ContributionAccumulator(6) { Kernel = null }, new ContributionAccumulator(6) { Kernel = kernel });
            Close(x => x.ObserveConvolution(images, filters, ConvolutionShape.Square(padding: 1)));
            (expected, actual) = (new ContributionAccumulator(3) { Kernel = null }, new ContributionAccumulator(3) { Kernel = kernel });
            Close(x => x.ObserveConvolution(images, filters, ConvolutionShape.Square(padding: 1), block: 2));

            void Close(Action<ContributionAccumulator> observe)
            {
                observe(expected);
                observe(actual);
                Numbers.AreClose(expected.Scores().Average, actual.Scores().Average, 3e-6, "average");
                Numbers.AreClose(expected.Scores().Maximum, actual.Scores().Maximum, 3e-6, "maximum");
            }
        }
    }

    [TestMethod]
    public void Views_other_number_types_and_gradients_are_no_obstacle()
    {
        using var scope = NewDisposeScope();
        var random = new Random(10);
        var (a, w) = (Numbers.Normal(random, 6 * 4), Numbers.Normal(random, 5 * 4));
        var expected = new NaiveShares(4, signed: false).Linear(a, w);
        var accumulator = new ContributionAccumulator(4);
        var transposed = tensor(a).reshape(6, 4).t().contiguous().t();
        accumulator.ObserveLinear(transposed.to_type(ScalarType.Float64).requires_grad_(true), tensor(w).reshape(5, 4).requires_grad_(true));
        Numbers.AreClose(expected, accumulator);
    }

    [TestMethod]
    public void A_one_dimensional_convolution_is_one_of_height_one()
    {
        using var scope = NewDisposeScope();
        var random = new Random(11);
        var (a, w) = (Numbers.Normal(random, 2 * 3 * 10), Numbers.Normal(random, 4 * 3 * 3));
        var shape = new ConvolutionShape { Stride = (1, 2), Padding = (0, 1) };
        var accumulator = new ContributionAccumulator(3);
        accumulator.ObserveConvolution(tensor(a).reshape(2, 3, 10), tensor(w).reshape(4, 3, 3), shape);
        Numbers.AreClose(new NaiveShares(3, signed: false).Convolution(a, 1, 10, w, 1, 3, shape), accumulator);
    }

    [TestMethod]
    public void A_shape_that_does_not_fit_is_named_with_the_one_wanted()
    {
        using var scope = NewDisposeScope();
        var accumulator = new ContributionAccumulator(3);
        var error = Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveLinear(zeros(2, 4), zeros(5, 3)));
        Assert.AreEqual("activations", error.ParamName);
        Assert.Contains("[2, 4]", error.Message);
        Assert.Contains("[..., 3]", error.Message);
        Assert.AreEqual("weight", Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveLinear(zeros(2, 3), zeros(3, 5))).ParamName);
        Assert.AreEqual("activations", Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveConvolution(zeros(2, 3), zeros(5, 3), new())).ParamName);
        Assert.AreEqual("weight", Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveConvolution(zeros(2, 3, 4, 4), zeros(5, 2, 3, 3), new())).ParamName);
    }

    [TestMethod]
    public void Observing_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        var (a, w, image, kernel) = (ones(4, 6), ones(5, 6), ones(2, 6, 5, 5), ones(3, 6, 3, 3));
        ContributionAccumulator[] accumulators = [new(6), new(6) { Kernel = null }];
        void Observe()
        {
            foreach (var accumulator in accumulators)
            {
                accumulator.ObserveLinear(a.to_type(ScalarType.Float64), w);
                accumulator.ObserveConvolution(image, kernel, new());
            }
        }
        Observe();
        using (NewDisposeScope())
            Observe();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 10; i++)
        {
            using var inner = NewDisposeScope();
            Observe();
        }
        Assert.AreEqual(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
