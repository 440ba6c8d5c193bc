using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>A remembered choice.</summary>
/// <param name="State">Of the group.</param>
/// <param name="Action">From 0 to 1.</param>
/// <param name="Reward">Of this choice.</param>
/// <param name="Next">The state of the next group; null after the last one.</param>
sealed record Transition(float[] State, float Action, float Reward, float[]? Next);

/// <summary>
/// Deep deterministic policy gradients (Lillicrap et al., 2016): an actor that maps a state to an action, a critic that estimates the
/// rewards from there on, a slowly following copy of each, and a memory to learn from.
/// </summary>
sealed class DdpgPolicy : IDisposable
{
    readonly DdpgAgent settings;
    readonly Network actor, critic, actorTarget, criticTarget;
    readonly List<Transition> memory = [];
    readonly ShuffleRandom draws;
    int next;

    /// <param name="settings">Of the agent.</param>
    /// <param name="features">The length of a state.</param>
    public DdpgPolicy(DdpgAgent settings, int features)
        : this(settings, bounded => Layers(bounded ? features : features + 1, settings.HiddenSize, bounded, settings.Seed))
    {
    }

    /// <param name="settings">Of the agent.</param>
    /// <param name="layers">Makes an actor (true) or a critic; each is asked for twice, and must be the same then.</param>
    internal DdpgPolicy(DdpgAgent settings, Func<bool, Sequential> layers)
    {
        this.settings = settings;
        draws = new(settings.Seed, 2);
        (actor, actorTarget) = (new(layers(true)), new(layers(true)));
        (critic, criticTarget) = (new(layers(false)), new(layers(false)));
    }

    /// <summary>Two hidden layers with ReLU, and one output; bounded: from 0 to 1.</summary>
    internal static Sequential Layers(int features, int hidden, bool bounded, int seed)
    {
        Sequential layers;
        using (new RandomState())
        {
            layers = RandomState.Draw(() => nn.Sequential(
                ("in", nn.Linear(features, hidden)), ("bend", nn.ReLU()), ("middle", nn.Linear(hidden, hidden)), ("again", nn.ReLU()),
                ("out", nn.Linear(hidden, 1)), ("bound", bounded ? nn.Sigmoid() : nn.Identity())), seed);
        }
        ModuleScope.Detach(layers);
        // As in DDPG: small last weights, so that first choices lie in the middle and no rewards are expected.
        using (no_grad())
        {
            layers.get_parameter("out.weight")!.copy_(layers.get_parameter("out.weight")!.Times(0.01));
            layers.get_parameter("out.bias")!.zero_();
        }
        return layers;
    }

    /// <summary>The actor's choice.</summary>
    public double Action(float[] state)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return actor.Call(tensor(state, [1, state.Length])).item<float>();
    }

    /// <summary>The actor's choice with noise from a normal distribution that is truncated to [0, 1].</summary>
    public double Draw(float[] state, double noise)
    {
        var mean = Action(state);
        for (var i = 0; i < 1_000; i++)
            if (mean + noise * Normal() is >= 0 and <= 1 and var action)
                return action;
        return mean;
    }

    /// <summary>A choice at random.</summary>
    public double Uniform() => (draws.Next() >> 11) * Math.ScaleB(1, -53);

    public void Remember(Transition transition)
    {
        if (memory.Count < settings.ReplaySize)
            memory.Add(transition);
        else
            memory[next] = transition;
        next = (next + 1) % settings.ReplaySize;
    }

    /// <summary>One update from random memories.</summary>
    public void Learn()
    {
        if (memory.Count < settings.BatchSize)
            return;
        Learn([.. Enumerable.Range(0, settings.BatchSize).Select(_ => memory[(int)(draws.Next() % (ulong)memory.Count)])]);
    }

    /// <summary>
    /// The critic moves towards r + discount * Q'(s', actor'(s')), the actor towards actions that the critic rates higher, and the targets
    /// follow both.
    /// </summary>
    internal void Learn(IReadOnlyList<Transition> batch)
    {
        using var scope = NewDisposeScope();
        var (rows, width) = (batch.Count, batch[0].State.Length);
        var states = tensor(batch.SelectMany(t => t.State).ToArray(), [rows, width]);
        var actions = tensor(batch.Select(t => t.Action).ToArray(), [rows, 1]);
        var rewards = tensor(batch.Select(t => t.Reward).ToArray(), [rows, 1]);
        Tensor wanted;
        using (no_grad())
        {
            var following = tensor(batch.SelectMany(t => t.Next ?? new float[width]).ToArray(), [rows, width]);
            var goesOn = tensor(batch.Select(t => t.Next is null ? 0f : 1f).ToArray(), [rows, 1]);
            var value = criticTarget.Call(cat([following, actorTarget.Call(following)], 1));
            wanted = rewards.Plus((value * goesOn).Times(settings.Discount));
        }
        critic.Step(settings.CriticLearningRate, (critic.Call(cat([states, actions], 1)) - wanted).Squared().mean());
        actor.Step(settings.ActorLearningRate, critic.Call(cat([states, actor.Call(states)], 1)).mean().neg());
        actorTarget.Follow(actor, settings.TargetRate);
        criticTarget.Follow(critic, settings.TargetRate);
    }

    /// <summary>A normal random number, by Box and Muller.</summary>
    double Normal()
    {
        var (radius, angle) = (1 - Uniform(), Uniform());
        return Math.Sqrt(-2 * Math.Log(radius)) * Math.Cos(2 * Math.PI * angle);
    }

    public void Dispose()
    {
        foreach (var network in new[] { actor, critic, actorTarget, criticTarget })
            network.Dispose();
    }

    /// <summary>A network and its optimizer.</summary>
    sealed class Network : IDisposable
    {
        readonly Sequential module;
        readonly FlatModel model;
        readonly FusedStep step;

        public Network(Sequential module)
        {
            this.module = module;
            model = new(module, CPU);
            step = FusedStep.Of(new TrainingOptions { Optimizer = OptimizerKind.Adam }, model);
        }

        public Tensor Call(Tensor input) => module.call(input);

        public void Step(double learningRate, Tensor loss)
        {
            model.Gradients.Vector.zero_();
            loss.backward();
            step.Begin(learningRate);
            step.Move(0, model.Values.Length);
        }

        public void Follow(Network other, double rate)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            model.Values.Vector.copy_(model.Values.Vector.Times(1 - rate).Plus(other.model.Values.Vector.Times(rate)));
        }

        public void Dispose()
        {
            step.Dispose();
            model.Dispose();
            module.Dispose();
        }
    }
}
