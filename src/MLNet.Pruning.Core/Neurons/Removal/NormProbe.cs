using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Measures a norm's epsilon and momentum, which some versions of TorchSharp do not tell.</summary>
static class NormProbe
{
    /// <summary>The epsilon of a norm as it stands.</summary>
    public static double Epsilon(Layer layer)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(layer.Module);
        using var surgery = new Surgery();
        try
        {
            foreach (var (name, tensor, _) in layer.Tensors)
                surgery.Replace(tensor, name is "weight" or "running_var" ? ones_like(tensor) : zeros_like(tensor));
            return Epsilon(layer, layer.Size);
        }
        finally
        {
            surgery.Undo();
        }
    }

    /// <summary>The epsilon of a norm whose scale is 1 and shift 0.</summary>
    public static double Epsilon(Layer layer, LayerSize size)
    {
        // Of a and -a among n numbers, the rest zero, the norm makes a / sqrt(2 a^2 / n + epsilon) of a.
        var count = layer.Kind switch
        {
            LayerKind.LayerNorm => size.In,
            LayerKind.GroupNorm => 2.0 * size.In / size.Groups,
            _ => 2.0,
        };
        var runningVariance = layer.Own("running_var");
        var epsilon = 1e-5;
        for (var round = 0; round < 6; round++)
        {
            using var scope = NewDisposeScope();
            // A variance of epsilon's own order shows it best.
            var a = Math.Sqrt(Math.Max(epsilon, 1e-24));
            var input = Zeros(layer, size);
            var pair = layer.Kind == LayerKind.LayerNorm ? input.view(-1) : input.view(size.In, 2).select(0, 0);
            pair.narrow(0, 0, 1).fill_(a);
            pair.narrow(0, 1, 1).fill_(-a);
            runningVariance?.fill_(a * a); // Where statistics run, they stand for the numbers' own.
            var normalized = layer.Module.forward(input).flatten().narrow(0, 0, 1).to(ScalarType.Float64).item<double>();
            epsilon = a * a / (normalized * normalized) - (runningVariance is null ? 2 * a * a / count : a * a);
        }
        return epsilon < 1e-18 ? 0 : double.Parse(epsilon.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>What share of a batch's mean goes into the running mean.</summary>
    public static double Momentum(Layer layer, Tensor runningMean, LayerSize size)
    {
        using var scope = NewDisposeScope();
        runningMean.zero_();
        layer.Module.train();
        layer.Module.forward(Zeros(layer, size).fill_(1));
        layer.Module.eval();
        return Math.Round(runningMean.narrow(0, 0, 1).to(ScalarType.Float64).item<double>(), 6);
    }

    static Tensor Zeros(Layer layer, LayerSize size)
    {
        var weight = layer.Own("weight") ?? layer.Own("running_mean");
        long[] shape = layer.Kind == LayerKind.LayerNorm ? [1, size.In] : layer.Module is InstanceNorm2d ? [1, size.In, 1, 2] : [1, size.In, 2];
        return zeros(shape, dtype: weight?.dtype ?? ScalarType.Float32, device: weight?.device);
    }
}
