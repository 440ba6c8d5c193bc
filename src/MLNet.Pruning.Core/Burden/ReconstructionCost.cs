using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The cost of a mask on a layer.</summary>
/// <param name="Layer">The parameter, as the model names it.</param>
/// <param name="Reconstruction">R = E|(W - M * W)x|^2 / E|Wx|^2 over the layer's inputs x; 0 if nothing is lost, or if Wx is 0.</param>
/// <param name="Density">S, the fraction of active weights.</param>
public sealed record LayerCost(string Layer, double Reconstruction, double Density)
{
    /// <summary>J = R + lambda * S.</summary>
    /// <param name="lambda">The cost of all weights of a layer; at least 0.</param>
    public double Total(double lambda)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lambda);
        return Reconstruction + lambda * Density;
    }
}

/// <summary>Measures the cost of masks on the layers of a model.</summary>
public static class ReconstructionCost
{
    const int BatchRows = 256;

    /// <summary>The cost of each linear or convolutional layer under its mask, in the order of the masks.</summary>
    /// <param name="model">The model with its unmasked weights W. It is restored afterwards.</param>
    /// <param name="masks">M. The model runs under them, so that each layer reads the outputs of masked layers.</param>
    /// <param name="examples">Rows to run the model on.</param>
    /// <param name="maximum">The maximum number of rows, taken from the start; at least 1.</param>
    /// <param name="forward">Runs the model; null for a model that takes and gives one tensor.</param>
    public static IReadOnlyList<LayerCost> Of(nn.Module model, WeightMasks masks, IExampleSource examples, int maximum = 1000,
        Action<nn.Module, Tensor>? forward = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        masks.CheckFits(model);
        forward ??= (module, input) => Forward.Through(module, input);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(model);
        using var random = new RandomState();
        var whole = masks.Masks.ToDictionary(m => m.Name, m => ((Tensor)model.get_parameter(m.Name)!).detach().clone());
        var layers = Watched(model, masks, whole);
        var removers = layers.Select(layer => layer.Module.register_forward_hook((_, input, output) =>
        {
            layer.Observe(input);
            return output;
        })).ToArray();
        try
        {
            masks.Apply(model);
            var rows = 0;
            foreach (var batch in NeuronScores.Batches(examples, BatchRows, maximum, whole.First().Value.device))
            {
                rows += batch.Rows;
                forward(model, batch.Inputs);
            }
            if (rows == 0)
                throw new InvalidDataException("The source of examples has no rows.");
        }
        finally
        {
            foreach (var remover in removers)
                remover.remove();
            foreach (var (name, values) in whole)
                ((Tensor)model.get_parameter(name)!).detach().copy_(values);
        }
        return [.. layers.Select(layer => layer.Cost)];
    }

    static Layer[] Watched(nn.Module model, WeightMasks masks, Dictionary<string, Tensor> whole)
    {
        var modules = model.named_modules().Prepend(("", model)).DistinctBy(m => m.Item1)
            .ToDictionary(m => m.Item1.Length > 0 ? $"{m.Item1}.weight" : "weight", m => m.Item2);
        return [.. masks.Masks
            .Where(mask => modules.GetValueOrDefault(mask.Name) is Linear or Conv1d or Conv2d or ConvTranspose1d or ConvTranspose2d)
            .Select(mask => new Layer((nn.Module<Tensor, Tensor>)modules[mask.Name], mask, whole[mask.Name]))];
    }

    sealed class Layer(nn.Module<Tensor, Tensor> module, WeightMask mask, Tensor whole)
    {
        readonly Tensor weight = module.get_parameter("weight")!.detach();
        readonly Tensor? bias = module.get_parameter("bias")?.detach();
        readonly Tensor inactive = tensor(Array.ConvertAll(mask.Active.ToArray(), bit => bit ? 0f : 1f), [.. mask.Shape],
            device: module.get_parameter("weight")!.device);
        double error, energy;

        public nn.Module<Tensor, Tensor> Module => module;

        public LayerCost Cost => new(mask.Name, energy > 0 ? error / energy : 0, mask.Density);

        // The layer itself knows its stride, padding and groups, so it computes with the other weights. Calling forward does not call
        // hooks.
        public void Observe(Tensor input)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var (masked, shift) = (weight.clone(), bias?.clone());
            bias?.zero_();
            try
            {
                error += Squares(whole * inactive, input);
                energy += Squares(whole, input);
            }
            finally
            {
                weight.copy_(masked);
                if (shift is not null)
                    bias!.copy_(shift);
            }
        }

        double Squares(Tensor weights, Tensor input)
        {
            weight.copy_(weights);
            return module.forward(input).to_type(ScalarType.Float64).Squared().sum().item<double>();
        }
    }
}
