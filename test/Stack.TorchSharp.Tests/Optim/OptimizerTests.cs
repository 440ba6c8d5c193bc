using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace Stack.TorchSharp.Tests.Optim;

[TestClass]
public sealed class OptimizerTests
{
    [TestMethod]
    public void Impossible_settings_are_refused_at_once()
    {
        using var scope = NewDisposeScope();
        Parameter[] p = [new(ones(2))];
        Assert.ThrowsExactly<ArgumentException>(() => SGD(p, -1));
        Assert.ThrowsExactly<ArgumentException>(() => SGD(p, 0.1, momentum: -0.1));
        Assert.ThrowsExactly<ArgumentException>(() => SGD(p, 0.1, nesterov: true));
        Assert.ThrowsExactly<ArgumentException>(() => Adam(p, lr: -1));
        Assert.ThrowsExactly<ArgumentException>(() => Adam(p, beta1: 1));
        Assert.ThrowsExactly<ArgumentException>(() => Adam(p, beta2: -0.1));
        Assert.ThrowsExactly<ArgumentException>(() => AdamW(p, eps: -1));
        Assert.ThrowsExactly<ArgumentException>(() => AdamW(p, weight_decay: -1));
        Assert.ThrowsExactly<ArgumentException>(() => RMSProp(p, alpha: -1));
    }

    [TestMethod]
    public void A_parameter_without_a_gradient_is_left_alone()
    {
        using var scope = NewDisposeScope();
        var (used, unused) = (new Parameter(ones(2)), new Parameter(ones(2)));
        foreach (var optimizer in (Optimizer[])[SGD([used, unused], 0.1, 0.9), Adam([used, unused]), RMSProp([used, unused])])
        {
            (used * 2).sum().backward();
            optimizer.step();
            Assert.AreNotEqual(1f, used[0].item<float>());
            Assert.AreEqual(1f, unused[0].item<float>());
            optimizer.Dispose();
        }
    }

    [TestMethod]
    public void A_step_runs_its_closure_with_gradients_and_returns_its_loss()
    {
        using var scope = NewDisposeScope();
        var p = new Parameter(tensor(2.0));
        using var optimizer = SGD([p], 0.25);
        using var quiet = no_grad();
        var loss = optimizer.step(() =>
        {
            optimizer.zero_grad();
            var squared = p * p;
            squared.backward();
            return squared;
        });
        Assert.AreEqual(4.0, loss.item<double>());
        Assert.AreEqual(1.0, p.item<double>());
    }

    [TestMethod]
    public void A_step_invalidates_a_graph_that_remembers_the_parameter()
    {
        using var scope = NewDisposeScope();
        var p = new Parameter(tensor(new[] { 2.0, 3.0 }));
        using var optimizer = SGD([p], 0.25);
        (p * p).sum().backward();
        var stale = (p * p).sum();
        optimizer.step();
        Assert.ThrowsExactly<ExternalException>(() => stale.backward());
    }

    [TestMethod]
    public void Rates_and_momenta_of_groups_can_be_set_while_training()
    {
        using var scope = NewDisposeScope();
        var p = new Parameter(tensor(1.0));
        using var optimizer = SGD([p], 0.5);
        var group = optimizer.ParamGroups.Single();
        Assert.AreEqual(0.5, group.LearningRate);
        Assert.AreEqual(0.5, group.InitialLearningRate);
        group.LearningRate = 0.25;
        (p * 2).backward();
        optimizer.step();
        Assert.AreEqual(0.5, p.item<double>());
        Assert.AreEqual(0.5, group.InitialLearningRate);
    }

    [TestMethod]
    public void A_group_can_be_added_later()
    {
        using var scope = NewDisposeScope();
        var (p, q) = (new Parameter(tensor(1.0)), new Parameter(tensor(1.0)));
        using var optimizer = Adam([p], 0.1);
        optimizer.add_param_group(new Adam.ParamGroup { Parameters = [q], Options = new() { LearningRate = 0.5 } });
        (p * q * 2).backward();
        optimizer.step();
        Assert.AreEqual(0.9, p.item<double>(), 1e-7);
        Assert.AreEqual(0.5, q.item<double>(), 1e-7);
        Assert.AreEqual(2, optimizer.parameters().Count());
    }

    [TestMethod]
    public void Zeroed_gradients_do_not_add_up()
    {
        using var scope = NewDisposeScope();
        var p = new Parameter(tensor(0.0));
        using var optimizer = SGD([p], 1);
        for (var step = 0; step < 3; step++)
        {
            optimizer.zero_grad();
            (p * 2).backward();
            optimizer.step();
        }
        Assert.AreEqual(-6.0, p.item<double>());
    }

    [TestMethod]
    public void A_saved_state_of_another_kind_or_size_is_refused()
    {
        using var scope = NewDisposeScope();
        var (p, q) = (new Parameter(ones(2)), new Parameter(ones(3)));
        using var stream = new MemoryStream();
        using var adam = Adam([p]);
        adam.save_state_dict(new BinaryWriter(stream));
        Assert.ThrowsExactly<InvalidDataException>(() => Load(SGD([p], 0.1)));
        Assert.ThrowsExactly<ArgumentException>(() => Load(Adam([p, q])));
        Assert.ThrowsExactly<ArgumentException>(() => Load(Adam([q])));
        Assert.ThrowsExactly<ArgumentException>(() => adam.load_state_dict(Adam([p, q]).state_dict()));

        void Load(OptimizerHelper optimizer)
        {
            stream.Position = 0;
            optimizer.load_state_dict(new BinaryReader(stream));
        }
    }

    [TestMethod]
    public void The_saved_state_is_kind_counts_options_and_tensors()
    {
        using var scope = NewDisposeScope();
        using var optimizer = Adam([new Parameter(zeros(2))], 0.5, 0.25, 0.75, 0.125, 0.0625, false, true);
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        using var expected = new MemoryStream();
        using var writer = new BinaryWriter(expected);
        writer.Write("Adam");
        writer.Write([1, 1]);
        foreach (var option in (double[])[0.5, 0.5, 0.25, 0.75, 0.125, 0.0625])
            writer.Write(option);
        writer.Write(false);
        writer.Write(true);
        writer.Write(0L);
        foreach (var _ in (int[])[1, 2])
        {
            writer.Write([6, 1, 2]);
            writer.Write(0L);
        }
        writer.Write(false);
        CollectionAssert.AreEqual(expected.ToArray(), stream.ToArray());
    }
}
