using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>The weights by which a group's neurons are computed.</summary>
static class ProducerWeights
{
    /// <summary>Per neuron, the sum over the layers that compute it.</summary>
    /// <param name="map">The instance.</param>
    /// <param name="group">One of its groups.</param>
    /// <param name="score">[neurons, weights of each] -> [neurons]</param>
    /// <param name="name">Of the criterion, for messages.</param>
    public static double[] Score(NeuronMap map, NeuronGroup group, Func<Tensor, Tensor> score, string name)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var scores = new double[group.Size];
        foreach (var producer in group.Producers)
        {
            var filters = Filters(map.LayerOf(producer)).unsqueeze(0); // One sample, whose features are the layer's outputs.
            foreach (var slice in FeatureSlice.Of(producer.Indices))
            {
                var given = score(slice.Take(filters).squeeze(0));
                Criterion.Require(given, name, slice.Neurons.Length);
                var values = given.to_type(ScalarType.Float64).cpu().contiguous().data<double>();
                for (var i = 0; i < slice.Neurons.Length; i++)
                    scores[slice.Neurons[i]] += values[i];
            }
        }
        for (var n = 0; n < scores.Length; n++)
            if (!double.IsFinite(scores[n]))
                throw new InvalidOperationException($"{name} scores neuron {n} of '{group.Name}' {scores[n]}; scores must be finite.");
        return scores;
    }

    /// <summary>[outputs, weights that lead to each].</summary>
    static Tensor Filters(Layer layer)
    {
        var weight = layer.Own("weight")!.detach();
        return layer.Kind switch
        {
            LayerKind.Embedding => weight.t(),
            // [in, out / groups, ...]: each run of inputs leads to outputs of its own.
            LayerKind.Transposed => weight.reshape(layer.Groups, weight.shape[0] / layer.Groups, weight.shape[1], -1).transpose(1, 2).reshape(layer.Out, -1),
            _ => weight.flatten(1),
        };
    }
}
