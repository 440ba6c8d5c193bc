using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

/// <summary>Scores from a function of a group, without data.</summary>
sealed class FixedScores(Func<NeuronGroup, double[]> scores) : IImportance
{
    public bool NeedsData => false;

    /// <summary>The sum of the absolute weights that compute each neuron.</summary>
    public static FixedScores WeightSums { get; } = new(Sums);

    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(map, scores);

    public override string ToString() => nameof(FixedScores);

    static double[] Sums(NeuronGroup group)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var member = group.Producers.First();
        var weight = member.Module.get_parameter("weight")!;
        return [.. member.Indices.Select(of => of.Sum(i => (double)weight[i].abs().sum().item<float>()))];
    }

    sealed class Observer(NeuronMap map, Func<NeuronGroup, double[]> scores) : IImportanceObserver
    {
        public void Add(IImportanceObserver other)
        {
        }

        public IReadOnlyList<double[]> Scores() => [.. map.Groups.Select(scores)];

        public void Dispose()
        {
        }
    }
}

/// <summary>The mean absolute value of what each neuron's first reader is given, over the rows that were learnt from.</summary>
sealed class InputMeans : IImportance
{
    /// <summary>Observers that are not disposed of.</summary>
    public int Alive;

    /// <summary>Forward passes seen by all observers that ever were.</summary>
    public int Seen;

    /// <summary>What each call of Scores gave.</summary>
    public List<IReadOnlyList<double[]>> Given { get; } = [];

    public bool NeedsData => true;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(this, map);

    public override string ToString() => nameof(InputMeans);

    sealed class Observer : IImportanceObserver
    {
        readonly InputMeans owner;
        readonly double[][] sums;
        readonly List<Action> removers = [];
        double rows;

        public Observer(InputMeans owner, NeuronMap map)
        {
            Interlocked.Increment(ref owner.Alive);
            (this.owner, sums) = (owner, [.. map.Groups.Select(g => new double[g.Size])]);
            for (var g = 0; g < sums.Length; g++)
            {
                var (reader, into) = (map.Groups[g].Consumers.First(), sums[g]);
                removers.Add(reader.Module.register_forward_pre_hook((_, input) =>
                {
                    See(input, reader, into);
                    return input;
                }).remove);
            }
        }

        void See(Tensor input, NeuronGroupMember reader, double[] into)
        {
            Interlocked.Increment(ref owner.Seen);
            if (!is_grad_enabled())
                return;
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var features = input.detach().abs().transpose(0, 1).reshape(input.shape[1], -1).to(ScalarType.Float64).sum(1L).data<double>().ToArray();
            for (var n = 0; n < into.Length; n++)
                into[n] += reader.Indices[n].Sum(i => features[i]);
        }

        public void AfterBackward(Batch batch, int rowsOfAll) => rows += batch.Rows;

        public void Add(IImportanceObserver other)
        {
            var them = (Observer)other;
            rows += them.rows;
            for (var g = 0; g < sums.Length; g++)
                for (var n = 0; n < sums[g].Length; n++)
                    sums[g][n] += them.sums[g][n];
        }

        public IReadOnlyList<double[]> Scores()
        {
            double[][] scores = [.. sums.Select(s => s.Select(v => v / rows).ToArray())];
            owner.Given.Add(scores);
            return scores;
        }

        public void Dispose()
        {
            Interlocked.Decrement(ref owner.Alive);
            foreach (var remove in removers)
                remove();
        }
    }
}
