using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Measures what masks cost the layers of a model on examples.</summary>
public static class ReconstructionCost
{
    const int BatchRows = 256;

    /// <summary>The cost of each linear or convolutional layer under a mask, in the order of the masks.</summary>
    /// <param name="model">The model with its weights W whole. It is as before afterwards.</param>
    /// <param name="masks">M. The model runs under them: what a layer reads is what the masked layers before it give.</param>
    /// <param name="examples">Rows to run it on.</param>
    /// <param name="most">At most so many of them, the first; at least 1.</param>
    /// <param name="forward">Runs the model; null for one that takes and gives one tensor.</param>
    public static IReadOnlyList<LayerCost> Of(nn.Module model, WeightMasks masks, IExampleSource examples, int most = 1000, Action<nn.Module, Tensor>? forward = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        masks.CheckFits(model);
        forward ??= (module, input) => Forward.Through(module, input);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(model);
        using var random = new RandomState();
        var layers = Watched(model, masks);
        var whole = masks.Masks.ToDictionary(m => m.Name, m => ((Tensor)model.get_parameter(m.Name)!).detach().clone());
        var removers = layers.Select(layer => layer.Module.register_forward_hook((_, input, output) =>
        {
            layer.Observe(input);
            return output;
        })).ToArray();
        try
        {
            masks.Apply(model);
            var device = whole.First().Value.device;
            foreach (var batch in Batches(examples, most))
                using (NewDisposeScope())
                    forward(model, batch.to(device));
        }
        finally
        {
            foreach (var remover in removers)
                remover.remove();
            foreach (var (name, values) in whole)
                ((Tensor)model.get_parameter(name)!).detach().copy_(values);
        }
        return [.. layers.Select(layer => layer.Cost)];

        Layer[] Watched(nn.Module of, WeightMasks under)
        {
            var modules = of.named_modules().Prepend(("", of)).DistinctBy(m => m.Item1).ToDictionary(m => m.Item1, m => m.Item2);
            return [.. under.Masks
                .Select(mask => (Mask: mask, Path: mask.Name == "weight" ? "" : mask.Name.EndsWith(".weight", StringComparison.Ordinal) ? mask.Name[..^".weight".Length] : null))
                .Where(m => m.Path is not null && modules.TryGetValue(m.Path, out var module) && module is Linear or Conv1d or Conv2d or ConvTranspose1d or ConvTranspose2d)
                .Select(m => new Layer((nn.Module<Tensor, Tensor>)modules[m.Path!], m.Mask))];
        }
    }

    static IEnumerable<Tensor> Batches(IExampleSource examples, int most)
    {
        long[] shape = [.. examples.Shape];
        var width = (int)shape.Aggregate(1L, (n, extent) => n * extent);
        using var reader = examples.Open();
        for (var done = 0; done < most;)
        {
            var values = new float[Math.Min(BatchRows, most - done) * width];
            var rows = 0;
            while (rows * width < values.Length && reader.Read(values.AsSpan(rows * width, width), out _))
                rows++;
            if (rows > 0)
                yield return tensor(values[..(rows * width)], [rows, .. shape]);
            else if (done == 0)
                throw new InvalidDataException("The source of examples has no rows.");
            if (rows * width < values.Length)
                yield break;
            done += rows;
        }
    }

    sealed class Layer(nn.Module<Tensor, Tensor> module, WeightMask mask)
    {
        readonly Tensor weight = module.get_parameter("weight")!.detach();
        readonly Tensor whole = module.get_parameter("weight")!.detach().clone();
        readonly Tensor lost = module.get_parameter("weight")!.detach() * tensor(Array.ConvertAll(mask.On.ToArray(), on => on ? 0f : 1f), [.. mask.Shape], device: module.get_parameter("weight")!.device);
        readonly Tensor? bias = module.get_parameter("bias")?.detach();
        double error, energy;

        public nn.Module<Tensor, Tensor> Module => module;

        public LayerCost Cost => new(mask.Name, energy > 0 ? error / energy : 0, mask.Density);

        // The layer itself, with other weights, knows its stride, padding and groups; a hook is not called by forward.
        public void Observe(Tensor input)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var (masked, shift) = (weight.clone(), bias?.clone());
            bias?.zero_();
            try
            {
                error += Squares(lost, input);
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
