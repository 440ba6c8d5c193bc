using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// The policy of an agent: a small network computes the mean of a normal distribution over its decision from the state of a group.
/// </summary>
sealed class ReinforcePolicy : IDisposable
{
    const int Hidden = 32;

    readonly Sequential network;
    readonly FlatModel model;
    readonly FusedStep step;
    readonly double learningRate;
    readonly ShuffleRandom draws;

    public ReinforcePolicy(int features, double learningRate, int seed)
    {
        draws = new(seed, 1);
        this.learningRate = learningRate;
        using (new RandomState())
        {
            network = RandomState.Draw(() => nn.Sequential(
                ("in", nn.Linear(features, Hidden)), ("bend", nn.Tanh()), ("out", nn.Linear(Hidden, 1))), seed);
        }
        ModuleScope.Detach(network);
        // Initially without preference: half of the maximum is removed.
        using (no_grad())
        {
            nn.init.zeros_(network.get_parameter("out.weight")!);
            nn.init.zeros_(network.get_parameter("out.bias")!);
        }
        model = new(network, CPU);
        step = FusedStep.Of(new TrainingOptions { Optimizer = OptimizerKind.Adam }, model);
    }

    /// <summary>The best decision for a group.</summary>
    public double Mean(float[] state)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return network.call(tensor(state, [1, state.Length])).item<float>();
    }

    /// <summary>A random decision around the best one.</summary>
    public double Draw(float[] state, double spread) => Mean(state) + spread * Normal();

    /// <summary>
    /// Makes decisions more likely whose reward was above the mean of the others in the batch, and the others less likely.
    /// </summary>
    public void Learn(IReadOnlyList<(double Reward, float[][] States, double[] Choices)> batch, double spread)
    {
        var mean = batch.Average(b => b.Reward);
        var deviation = Math.Sqrt(batch.Average(b => (b.Reward - mean) * (b.Reward - mean)));
        if (deviation < 1e-12)
            return; // all rewards are equal: there is nothing to learn
        using var scope = NewDisposeScope();
        var groups = batch[0].States.Length;
        var states = tensor(batch.SelectMany(b => b.States.SelectMany(s => s)).ToArray(),
            [batch.Count * groups, batch[0].States[0].Length]);
        var choices = tensor(batch.SelectMany(b => b.Choices).Select(c => (float)c).ToArray());
        // Compared with the mean of the others, so that the estimate has no bias.
        var advantages = tensor(batch.SelectMany(b =>
            Enumerable.Repeat((float)((b.Reward - mean) * batch.Count / (batch.Count - 1) / deviation), groups)).ToArray());
        model.Gradients.Vector.zero_();
        // The logarithm of the density at the decision, without a constant.
        var likelihood = (choices - network.call(states).view(-1)).Squared().Times(-0.5 / (spread * spread));
        (-(advantages * likelihood).mean()).backward();
        step.Begin(learningRate);
        step.Move(0, model.Values.Length);
    }

    /// <summary>A normal random number, by Box and Muller.</summary>
    double Normal()
    {
        var (radius, angle) = ((draws.Next() >> 11) + 1, draws.Next() >> 11);
        const double unit = 1.0 / (1UL << 53);
        return Math.Sqrt(-2 * Math.Log(radius * unit)) * Math.Cos(2 * Math.PI * angle * unit);
    }

    public void Dispose()
    {
        step.Dispose();
        model.Dispose();
        network.Dispose();
    }
}
