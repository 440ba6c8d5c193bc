using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class OptimizerRemovalTests
{
    static readonly int[] gone = [1, 4];
    static readonly long[] left = [0, 2, 3, 5];

    [TestMethod]
    [DataRow("adam")]
    [DataRow("amsgrad")]
    [DataRow("adamw")]
    [DataRow("sgd")]
    [DataRow("rmsprop")]
    public void The_next_steps_are_those_of_a_network_that_was_small_from_the_start(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new FeedForward([3, 6, 2], Activation.Tanh));
        using var small = new FeedForward([3, 4, 2], Activation.Tanh);
        using var optimizer = Optimizer(kind, model);
        using var smallOptimizer = Optimizer(kind, small);
        var (x, y) = (randn(8, 3), randn(8, 2));
        var map = NeuronMap.Discover(model, x);
        // Neurons that nobody reads get no gradient, so what the others learn is what they learn in the small network.
        using (no_grad())
            model.get_parameter("layers.linear2.weight")!.index_fill_(1, tensor(gone.Select(n => (long)n).ToArray()), Scalars.Zero);
        Copy(model, small);
        for (var step = 0; step < 3; step++)
        {
            using var pause = NewDisposeScope();
            Step(model, optimizer, x, y, read: false);
            Step(small, smallOptimizer, x, y, read: true);
        }
        map.Remove([new(map.Groups[0], gone)], optimizer);
        for (var step = 0; step < 3; step++)
        {
            using var pause = NewDisposeScope();
            Step(model, optimizer, x, y, read: true);
            Step(small, smallOptimizer, x, y, read: true);
        }
        foreach (var ((name, a), (_, b)) in model.named_parameters().Zip(small.named_parameters()))
            Assert.IsTrue(a.allclose(b, 1e-4, 1e-6), $"{kind} {name}");
    }

    [TestMethod]
    public void A_parameter_that_two_layers_hold_shrinks_once_with_what_is_remembered_of_it()
    {
        using var scope = NewDisposeScope();
        var (embed, decoder) = (Embedding(7, 6), Linear(6, 7, hasBias: false));
        decoder.weight = embed.weight!;
        using var model = new Net((n, x) => n.Call("decoder", functional.tanh(n.Call("embed", x).mean([1]))), ("embed", embed), ("decoder", decoder));
        var x = randint(0, 7, [5, 3], dtype: ScalarType.Int64);
        const double rate = 0.1, momentum = 0.9;
        using var optimizer = optim.SGD([embed.weight!], rate, momentum);
        Tensor Step()
        {
            optimizer.zero_grad();
            model.call(x).Squared().mean().backward();
            var gradient = embed.weight!.grad!.clone();
            optimizer.step();
            return gradient;
        }
        Step();
        var before = embed.weight!.detach().clone();
        Step();
        var weight = embed.weight!.detach().clone();
        var velocity = (before - weight).Over(rate);

        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map.Groups[0], gone)], optimizer, verify: x);
        Tensor Cut(Tensor tensor) => tensor.index_select(1, TorchSharp.torch.tensor(left));
        Checks.Same(Cut(weight) - Cut(velocity).Times(momentum).Plus(Step()).Times(rate), embed.weight!.detach());
        Checks.Same(embed.weight!, decoder.weight);
    }

    static optim.Optimizer Optimizer(string kind, Module model) => kind switch
    {
        "adam" => optim.Adam(model.parameters(), 0.05),
        "amsgrad" => optim.Adam(model.parameters(), 0.05, amsgrad: true),
        "adamw" => optim.AdamW(model.parameters(), 0.05, weight_decay: 0.1),
        "sgd" => optim.SGD(model.parameters(), 0.05, 0.9),
        _ => optim.RMSProp(model.parameters(), 0.01, momentum: 0.5),
    };

    static void Step(FeedForward model, optim.Optimizer optimizer, Tensor x, Tensor y, bool read)
    {
        optimizer.zero_grad();
        functional.mse_loss(model.call(x), y).backward();
        if (!read)
            using (no_grad())
                // The readers' weights stay zero.
                model.get_parameter("layers.linear2.weight")!.grad!.index_fill_(1, tensor(gone.Select(n => (long)n).ToArray()), Scalars.Zero);
        optimizer.step();
    }

    static void Copy(FeedForward from, FeedForward to)
    {
        using var off = no_grad();
        var index = tensor(left);
        to.get_parameter("layers.linear1.weight")!.copy_(from.get_parameter("layers.linear1.weight")!.index_select(0, index));
        to.get_parameter("layers.linear1.bias")!.copy_(from.get_parameter("layers.linear1.bias")!.index_select(0, index));
        to.get_parameter("layers.linear2.weight")!.copy_(from.get_parameter("layers.linear2.weight")!.index_select(1, index));
        to.get_parameter("layers.linear2.bias")!.copy_(from.get_parameter("layers.linear2.bias")!);
    }

    [TestMethod]
    public void Layers_that_are_made_anew_train_on()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 8, 3)), ("depth", Conv2d(8, 8, 3, groups: 8)), ("norm", GroupNorm(4, 8)), ("relu", ReLU()), ("flat", Flatten()), ("ln", LayerNorm(32)), ("fc", Linear(32, 2))));
        using var optimizer = optim.Adam(model.parameters(), 0.01);
        var (x, y) = (randn(6, 1, 6, 6), randn(6, 2));
        var map = NeuronMap.Discover(model, x);
        double first = 0, last = 0;
        for (var step = 0; step < 40; step++)
        {
            using var pause = NewDisposeScope();
            model.train();
            optimizer.zero_grad();
            var loss = functional.mse_loss(model.call(x), y);
            loss.backward();
            optimizer.step();
            last = loss.item<float>();
            if (step is 4 or 7)
                map.Remove([new(map.Groups[0], [0])], optimizer);
            if (step == 8)
                first = last;
        }
        Assert.IsLessThan(first, last);
        Assert.AreEqual(2, map.Groups[0].Size);
        CollectionAssert.AreEqual(new long[] { 4, 1, 3, 3 }, model.get_parameter("depth.weight")!.shape);
    }

    [TestMethod]
    public void Gradients_shrink_with_their_parameters()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new FeedForward([3, 6, 2]));
        var x = randn(4, 3);
        using (NewDisposeScope())
            model.call(x).Squared().sum().backward();
        var before = model.get_parameter("layers.linear1.weight")!.grad!.clone();
        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map.Groups[0], gone)]);
        Assert.IsTrue(before.index_select(0, tensor(left)).equal(model.get_parameter("layers.linear1.weight")!.grad!).all().item<bool>());
    }
}
