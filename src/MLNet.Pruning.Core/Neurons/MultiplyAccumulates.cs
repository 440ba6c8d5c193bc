using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Counts the multiply-accumulates of a model.</summary>
public static class MultiplyAccumulates
{
    /// <summary>Multiply-accumulates of the linear and convolutional layers for one row; other layers are not counted.</summary>
    /// <param name="model">
    /// Any module; its layers must be called with <c>call</c>. Its mode and the random state are restored afterwards.
    /// </param>
    /// <param name="example">An input of at least one row.</param>
    /// <param name="forward">Runs the model.</param>
    public static long Of(nn.Module model, Tensor example, Action<Tensor> forward)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(forward);
        return ByLayer(model, example, forward).Values.Sum() / example.shape[0];
    }

    /// <summary>The same for each layer that was called, and for all rows of the example.</summary>
    internal static Dictionary<nn.Module, long> ByLayer(nn.Module model, Tensor example, Action<Tensor> forward)
    {
        var counts = new Dictionary<nn.Module, long>(ReferenceEqualityComparer.Instance);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(model);
        using var random = new RandomState();
        var removers = new List<Action>();
        try
        {
            foreach (var module in model.named_modules().Select(m => m.module).Prepend(model))
                if (module is Linear or Conv1d or Conv2d or ConvTranspose1d or ConvTranspose2d)
                {
                    var layer = (nn.Module<Tensor, Tensor>)module;
                    var weight = layer.get_parameter("weight")!;
                    // Every weight is used once per position: of the output, or, for a transposed convolution, of the input. The weight's
                    // first dimension counts the features of the same side.
                    var transposed = module is ConvTranspose1d or ConvTranspose2d;
                    removers.Add(layer.register_forward_hook((_, input, output) =>
                    {
                        var positions = (transposed ? input : output).NumberOfElements / weight.shape[0];
                        counts[module] = counts.GetValueOrDefault(module) + weight.NumberOfElements * positions;
                        return output;
                    }).remove);
                }
            forward(example);
        }
        finally
        {
            foreach (var remove in removers)
                remove();
        }
        return counts;
    }
}
