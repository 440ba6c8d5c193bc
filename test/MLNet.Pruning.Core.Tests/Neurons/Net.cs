using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Neurons;

/// <summary>A network of named parts and a function that runs them.</summary>
sealed class Net : nn.Module<Tensor, Tensor>
{
    readonly Func<Net, Tensor, Tensor> body;
    readonly Dictionary<string, nn.Module> parts = [];

    public Net(Func<Net, Tensor, Tensor> body, params (string Name, nn.Module Part)[] parts) : base(nameof(Net))
    {
        this.body = body;
        foreach (var (name, part) in parts)
        {
            this.parts.Add(name, part);
            register_module(name, part);
        }
    }

    public Tensor Call(string name, Tensor input) => Part<nn.Module<Tensor, Tensor>>(name).call(input);

    public T Part<T>(string name) where T : nn.Module => (T)parts[name];

    public override Tensor forward(Tensor input) => body(this, input);
}

/// <summary>A block of its own, so that networks nest.</summary>
sealed class Residual : nn.Module<Tensor, Tensor>
{
    readonly nn.Module<Tensor, Tensor> conv1, bn1, conv2, bn2;
    readonly nn.Module<Tensor, Tensor>? downsample;

    public Residual(long inputs, long outputs, long stride) : base(nameof(Residual))
    {
        conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias: false);
        bn1 = nn.BatchNorm2d(outputs);
        conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias: false);
        bn2 = nn.BatchNorm2d(outputs);
        if (stride != 1 || inputs != outputs)
            downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias: false), nn.BatchNorm2d(outputs));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        nn.functional.relu(bn2.call(conv2.call(nn.functional.relu(bn1.call(conv1.call(input))))).Plus(downsample?.call(input) ?? input));
}

/// <summary>Adds a parameter to what it is given.</summary>
sealed class Added : nn.Module<Tensor, Tensor>
{
    readonly TorchSharp.Modules.Parameter offset;

    public Added(params long[] shape) : base(nameof(Added))
    {
        offset = nn.Parameter(randn(shape));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => input.Plus(offset);
}

/// <summary>One head of attention, whose weights are four linear layers.</summary>
sealed class Attention : nn.Module<Tensor, Tensor>
{
    readonly nn.Module<Tensor, Tensor> query, key, value, projection;

    public Attention(long width) : base(nameof(Attention))
    {
        query = nn.Linear(width, width);
        key = nn.Linear(width, width);
        value = nn.Linear(width, width);
        projection = nn.Linear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var weights = query.call(input).matmul(key.call(input).transpose(-2, -1)).softmax(-1);
        return projection.call(weights.matmul(value.call(input)));
    }
}
