using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>TorchSharp's own layers that have weights and cannot be pruned by the neuron.</summary>
static class UnknownLayers
{
    /// <summary>Where they are, and why they stay as they are.</summary>
    public static IEnumerable<SkippedNeurons> Of(nn.Module model)
    {
        var seen = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (path, module) in model.named_modules().Prepend(("", model)))
            if (seen.Add(module) && module.GetType().Assembly == typeof(Linear).Assembly && module is not (ParameterList or ParameterDict)
                && Layer.Of(path, module) is null && module.named_parameters(false).Any(p => p.parameter.NumberOfElements > 1))
                yield return new(path.Length > 0 ? path : module.GetType().Name, Reason(module)) { IsUnknown = true };
    }

    static string Reason(nn.Module module) => module switch
    {
        LSTM or GRU or RNN or LSTMCell or GRUCell or RNNCell =>
            $"this {module.GetType().Name} reads its own outputs at the next step, so that its neurons cannot be removed one by one",
        MultiheadAttention or Transformer or TransformerEncoder or TransformerEncoderLayer or TransformerDecoder or TransformerDecoderLayer =>
            $"this {module.GetType().Name} is computed by LibTorch as a whole, so that its neurons cannot be removed one by one; attention that is built of linear layers can be pruned",
        _ => $"layers of type {module.GetType().Name} are not followed, so that their neurons cannot be removed",
    };
}
