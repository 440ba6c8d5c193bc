using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Samples;

/// <summary>
/// A residual network of basic blocks (He et al., 2015), with torchvision's names of layers, so that its weight files fit. Reads pixels
/// from 0 to 1.
/// </summary>
public sealed class ResNet : nn.Module<Tensor, Tensor>
{
    readonly BatchNorm2d normalize;
    readonly Conv2d conv1;
    readonly BatchNorm2d bn1;
    readonly MaxPool2d? maxpool;
    readonly ModuleList<Sequential> stages = [];
    readonly Linear fc;

    /// <summary>Builds the network with random initial weights.</summary>
    /// <param name="classes">The number of logits.</param>
    /// <param name="widths">The channels of each stage; each stage but the first halves height and width.</param>
    /// <param name="blocks">Blocks in a stage.</param>
    /// <param name="mean">The mean of each channel, subtracted from pixels.</param>
    /// <param name="std">The standard deviation of each channel, by which pixels are divided.</param>
    /// <param name="large">Whether images are large: a 7x7 convolution and a pooling shrink them to a quarter first.</param>
    public ResNet(int classes, int[] widths, int blocks, float[] mean, float[] std, bool large = false) : base(nameof(ResNet))
    {
        // (pixels - mean) / std, as a batch norm that does not learn: plans and ONNX files contain it then.
        normalize = nn.BatchNorm2d(mean.Length, eps: 0, affine: false);
        using (no_grad())
        {
            normalize.running_mean!.copy_(tensor(mean));
            normalize.running_var!.copy_(tensor(Array.ConvertAll(std, s => s * s)));
        }
        normalize.eval();
        conv1 = large ? nn.Conv2d(mean.Length, widths[0], 7, 2, 3, bias: false) : nn.Conv2d(mean.Length, widths[0], 3, 1, 1, bias: false);
        bn1 = nn.BatchNorm2d(widths[0]);
        maxpool = large ? nn.MaxPool2d(3, 2, 1) : null;
        int inputs = widths[0];
        for (int stage = 0; stage < widths.Length; stage++)
        {
            var parts = new List<nn.Module<Tensor, Tensor>>();
            for (int block = 0; block < blocks; block++, inputs = widths[stage])
                parts.Add(new BasicBlock(inputs, widths[stage], block == 0 && stage > 0 ? 2 : 1));
            stages.Add(nn.Sequential(parts));
            register_module($"layer{stage + 1}", stages[stage]);
        }
        fc = nn.Linear(inputs, classes);
        register_module(nameof(normalize), normalize);
        register_module(nameof(conv1), conv1);
        register_module(nameof(bn1), bn1);
        if (maxpool is not null)
            register_module(nameof(maxpool), maxpool);
        register_module(nameof(fc), fc);
    }

    /// <summary>The network of 20 layers for 32x32 images.</summary>
    public static ResNet Of20Layers(int classes, float[] mean, float[] std) => new(classes, [16, 32, 64], 3, mean, std);

    /// <summary>torchvision's resnet18, with the pixels of ImageNet.</summary>
    public static ResNet Of18Layers(int classes) =>
        new(classes, [64, 128, 256, 512], 2, [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f], large: true);

    /// <summary>[rows, channels, height, width] -> [rows, classes]</summary>
    public override Tensor forward(Tensor images)
    {
        var x = bn1.call(conv1.call(normalize.call(images))).relu();
        if (maxpool is not null)
            x = maxpool.call(x);
        foreach (var stage in stages)
            x = stage.call(x);
        return fc.call(x.mean([2, 3]));
    }
}

/// <summary>Two convolutions, and the block's input added to their result; a 1x1 convolution adapts it where its shape changes.</summary>
sealed class BasicBlock : nn.Module<Tensor, Tensor>
{
    // TorchSharp's operators make a scalar of a number at each call, which the garbage collector may free too early: see docs/models.md.
    static readonly Scalar one = 1;

    readonly Conv2d conv1, conv2;
    readonly BatchNorm2d bn1, bn2;
    readonly Sequential? downsample;

    public BasicBlock(int inputs, int outputs, int stride) : base(nameof(BasicBlock))
    {
        conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias: false);
        bn1 = nn.BatchNorm2d(outputs);
        conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias: false);
        bn2 = nn.BatchNorm2d(outputs);
        if (stride > 1 || inputs != outputs)
            downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias: false), nn.BatchNorm2d(outputs));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var y = bn2.call(conv2.call(bn1.call(conv1.call(x)).relu()));
        return y.add(downsample is null ? x : downsample.call(x), one).relu();
    }
}
