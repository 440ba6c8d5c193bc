using MLNet.Pruning.Comparators;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

/// <summary>
/// A network of 10-24-12-4 of whose 24 first neurons 18 do nothing, labelled by its own answers, and a measure of how often it still gives them.
/// </summary>
sealed class RedundantLayer : IDisposable
{
    readonly Tensor inputs, labels;

    public RedundantLayer()
    {
        random.manual_seed(11);
        Model = new FeedForward([10, 24, 12, 4], Activation.Relu);
        using var off = no_grad();
        // Larger weights than drawn at first, so that the later neurons matter.
        foreach (var (_, parameter) in Model.named_parameters())
            parameter.With(3, (parameter, factor) => parameter.mul_(factor));
        foreach (var name in new[] { "layers.linear1.weight", "layers.linear1.bias" })
            Model.get_parameter(name)!.narrow(0, 3, 18).zero_();
        Model.get_parameter("layers.linear2.weight")!.narrow(1, 3, 18).zero_();
        inputs = randn(400, 10);
        labels = Model.call(inputs).argmax(1);
        Map = NeuronMap.Discover(Model, inputs.narrow(0, 0, 1));
    }

    public FeedForward Model { get; }

    public NeuronMap Map { get; }

    public Tensor Example => inputs.narrow(0, 0, 2);

    public double Accuracy() => Model.call(inputs).argmax(1).eq(labels).to(ScalarType.Float32).mean().item<float>();

    public FilterSearchResult Run(ReinforceAgent agent) => agent.Run(Map, Model, Example, Accuracy);

    public FilterSearchResult Run(DdpgAgent agent) => agent.Run(Map, new TrainingTask
    {
        Model = Model,
        Examples = new ArrayExamples(inputs.data<float>().ToArray(), [10], [.. labels.data<long>().Select(l => (int)l)]),
        Objective = new CrossEntropy(4),
    }, Accuracy);

    public void Dispose()
    {
        Model.Dispose();
        inputs.Dispose();
        labels.Dispose();
    }
}
