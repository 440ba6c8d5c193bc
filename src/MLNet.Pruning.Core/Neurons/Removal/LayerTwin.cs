using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>Makes layers like a given one, of another size. What TorchSharp does not tell of a layer's settings is measured.</summary>
static class LayerTwin
{
    /// <param name="layer">The layer. Its tensors may be smaller already.</param>
    /// <param name="size">The size that the layer was made for.</param>
    /// <param name="surgery">Lends the layer other tensors while it is measured.</param>
    public static Func<LayerSize, nn.Module> Factory(Layer layer, LayerSize size, Surgery surgery)
    {
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(layer.Module);
        var (weight, bias) = (layer.Own("weight"), layer.Own("bias"));
        var (dtype, device) = (weight?.dtype ?? ScalarType.Float32, weight?.device ?? CPU);
        var mark = surgery.Mark;
        try
        {
            if (layer.Kind is LayerKind.Convolution or LayerKind.Transposed)
                return Convolution(layer, weight!, bias, size, surgery);
            foreach (var (name, tensor, _) in layer.Tensors)
                surgery.Replace(tensor, name is "weight" or "running_var" ? ones(size.In, dtype: dtype, device: device) : zeros(size.In, dtype: dtype, device: device));
            return Norm(layer, size, weight is not null, device, dtype);
        }
        finally
        {
            surgery.Undo(mark);
        }
    }

    static Func<LayerSize, nn.Module> Convolution(Layer layer, Tensor weight, Tensor? bias, LayerSize size, Surgery surgery)
    {
        var (shape, dtype, device) = (weight.shape, weight.dtype, weight.device);
        var transposed = layer.Kind == LayerKind.Transposed;
        long[] full = [transposed ? size.In : size.Out, (transposed ? size.Out : size.In) / size.Groups, .. shape[2..]];
        // One filter a group is enough to measure by.
        long[] few = transposed ? [size.In, 1, .. shape[2..]] : [size.Groups, size.In / size.Groups, .. shape[2..]];
        foreach (var length in ConvolutionProbe.Lengths)
        {
            var mark = surgery.Mark;
            surgery.Replace(weight, zeros(few, dtype: dtype, device: device));
            if (bias is not null)
                surgery.Replace(bias, zeros(size.Groups, dtype: dtype, device: device));
            var settings = ConvolutionProbe.Measure(layer, weight, size.In, length);
            if (settings is not null)
            {
                var factory = transposed ? Transposed(layer, settings, full[2..], bias is not null, device, dtype) : Straight(layer, settings, full[2..], bias is not null, device, dtype);
                surgery.Replace(weight, linspace(-1, 1, full.Aggregate(1L, (n, extent) => n * extent), dtype: dtype, device: device).view(full));
                if (bias is not null)
                    surgery.Replace(bias, linspace(-1, 1, size.Out, dtype: dtype, device: device));
                if (Alike(layer, factory(size), size))
                    return factory;
            }
            surgery.Undo(mark);
        }
        throw new NotSupportedException($"{layer.Label} has settings that could not be measured, so it cannot be made smaller on this version of TorchSharp.");
    }

    static Func<LayerSize, nn.Module> Straight(Layer layer, ConvolutionSettings[] s, long[] kernel, bool bias, Device device, ScalarType dtype)
    {
        var mode = s[0].Mode;
        if (layer.Module is Conv1d)
            return n => s[0].Same
                ? nn.Conv1d(n.In, n.Out, kernel[0], Padding.Same, 1, s[0].Dilation, mode, n.Groups, bias, device, dtype)
                : nn.Conv1d(n.In, n.Out, kernel[0], s[0].Stride, s[0].Padding, s[0].Dilation, mode, n.Groups, bias, device, dtype);
        var size = (kernel[0], kernel[1]);
        return n => s.Any(d => d.Same)
            ? nn.Conv2d(n.In, n.Out, size, Padding.Same, (1, 1), (s[0].Dilation, s[1].Dilation), mode, n.Groups, bias, device, dtype)
            : nn.Conv2d(n.In, n.Out, size, (s[0].Stride, s[1].Stride), (s[0].Padding, s[1].Padding), (s[0].Dilation, s[1].Dilation), mode, n.Groups, bias, device, dtype);
    }

    static Func<LayerSize, nn.Module> Transposed(Layer layer, ConvolutionSettings[] s, long[] kernel, bool bias, Device device, ScalarType dtype)
    {
        if (s.Distinct().Count() > 1 || kernel.Distinct().Count() > 1)
            throw new NotSupportedException($"{layer.Label} is a transposed convolution in groups whose settings differ between height and width.");
        return n => layer.Module is ConvTranspose1d
            ? nn.ConvTranspose1d(n.In, n.Out, kernel[0], s[0].Stride, s[0].Padding, s[0].OutputPadding, s[0].Dilation, PaddingModes.Zeros, n.Groups, bias, device, dtype)
            : nn.ConvTranspose2d(n.In, n.Out, kernel[0], s[0].Stride, s[0].Padding, s[0].OutputPadding, s[0].Dilation, PaddingModes.Zeros, n.Groups, bias, device, dtype);
    }

    static Func<LayerSize, nn.Module> Norm(Layer layer, LayerSize size, bool affine, Device device, ScalarType dtype)
    {
        var epsilon = NormProbe.Epsilon(layer, size);
        var tracked = layer.Own("running_mean");
        var momentum = tracked is null ? 0.1 : NormProbe.Momentum(layer, tracked, size);
        return layer.Module switch
        {
            LayerNorm => n => nn.LayerNorm([n.In], epsilon, affine, device: device, dtype: dtype),
            GroupNorm => n => nn.GroupNorm(n.Groups, n.In, epsilon, affine, device, dtype),
            InstanceNorm1d => n => nn.InstanceNorm1d(n.In, epsilon, momentum, affine, tracked is not null, device, dtype),
            InstanceNorm2d => n => nn.InstanceNorm2d(n.In, epsilon, momentum, affine, tracked is not null, device, dtype),
            _ => throw new NotSupportedException($"{layer.Label} ({layer.Module.GetType().Name}) cannot be made smaller on this version of TorchSharp."),
        };
    }

    // The proof of what was measured: with the same weights, the twin computes the same.
    static bool Alike(Layer layer, nn.Module twin, LayerSize size)
    {
        using var made = twin;
        foreach (var (name, tensor, _) in layer.Tensors)
            made.get_parameter(name)!.copy_(tensor);
        long[] shape = [.. layer.InputShape];
        shape[layer.FeatureAxis(shape.Length)] = size.In;
        var weight = layer.Own("weight")!;
        var input = linspace(-1, 2, shape.Aggregate(1L, (n, extent) => n * extent), dtype: weight.dtype, device: weight.device).view(shape);
        var (expected, actual) = (layer.Module.forward(input), ((nn.Module<Tensor, Tensor>)made).forward(input));
        return expected.shape.SequenceEqual(actual.shape) && expected.equal(actual).all().item<bool>();
    }
}
