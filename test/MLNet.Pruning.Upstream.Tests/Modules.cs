using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>A module as a user writes it: layers, a parameter and a buffer in fields.</summary>
sealed class Block : Module<Tensor, Tensor>
{
    public readonly Linear first;
    readonly Module<Tensor, Tensor> activation;
    readonly Sequential rest;
    public Parameter scale;
    public Tensor shift;
    readonly string note = "not a component";

    public Block(string name = "Block") : base(name)
    {
        first = Linear(4, 3);
        activation = Tanh();
        rest = Sequential(("norm", BatchNorm1d(3)), ("second", Linear(3, 2)));
        scale = Parameter(ones(2));
        shift = zeros(2);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Assert.IsNotEmpty(note);
        using var hidden = first.call(input);
        using var bent = activation.call(hidden);
        using var output = rest.call(bent);
        using var scaled = output * scale;
        return scaled - shift;
    }
}

/// <summary>Blocks in the containers.</summary>
sealed class Tower : Module<Tensor, Tensor>
{
    readonly ModuleList<Block> blocks = ModuleList(new Block("a"), new Block("b"));
    readonly ModuleDict<Linear> named = ModuleDict(("left", Linear(2, 2)), ("right", Linear(2, 2, false)));
    readonly ParameterList loose = ParameterList(Parameter(ones(1)), Parameter(ones(2)));

    public Tower() : base(nameof(Tower)) => RegisterComponents();

    public override Tensor forward(Tensor input) => blocks[0].call(input);
}

/// <summary>A module of two inputs.</summary>
sealed class Product : Module<Tensor, Tensor, Tensor>
{
    public Product() : base(nameof(Product)) { }

    public override Tensor forward(Tensor input1, Tensor input2) => input1 * input2;
}
