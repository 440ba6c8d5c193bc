using System.Diagnostics;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>What criteria cost the epoch that they observe: epochs with and without in turn, in one run.</summary>
static class Observing
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 5;
        var names = args.Length > 1 ? args[1].Split(',') : [nameof(Contribution)];
        IImportance[] criteria = [new Contribution(), new ActivationMean(), new Apoz(), new Taylor(), new Lrp()];
        var (digits, _, _) = Examples.Load();
        var pictures = Examples.Noise(4096, 1, [3, 32, 32]);
        foreach (var criterion in criteria.Where(c => names.Contains(c.GetType().Name)))
        {
            Measure(new FeedForwardBlueprint([784, 50, 30, 10]), digits, rounds, criterion, wanted: 5);
            Measure(ConvNetBlueprint.Cifar(), pictures, rounds, criterion, wanted: 8);
            Measure(ConvNetBlueprint.Cifar(), pictures, rounds, criterion, wanted: 8, groups: "classifier.");
        }
    }

    static void Measure(Blueprint blueprint, IExampleSource rows, int rounds, IImportance criterion, int wanted, string groups = "")
    {
        random.manual_seed(1);
        using var model = blueprint.Build();
        var network = (nn.Module<Tensor, Tensor>)model;
        NeuronMap map;
        using (NewDisposeScope())
            map = NeuronMap.Discover(network, randn([1, .. blueprint.InputShape]));
        map = map.Of([.. map.Groups.Where(g => g.Name.StartsWith(groups, StringComparison.Ordinal))]);
        var hook = new ObservedEpochs(criterion, map);
        new TrainingLoop(new TrainingOptions { Epochs = 2 * rounds + 2, Hooks = [hook] }).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = rows, Objective = new CrossEntropy(10) });
        Table.Title($"{criterion}, {string.Join(", ", map.Groups.Select(g => g.Size))} neurons, batch 128, the whole epoch observed (load {Table.Load()})");
        var (with, without) = (Table.Median(hook.With.Skip(1)), Table.Median(hook.Without.Skip(1)));
        Table.Row("an epoch without", $"{without * 1000:N1} ms");
        var best = hook.With.Min() / hook.Without.Min();
        Table.Row("observed and scored", $"{with * 1000:N1} ms",
            $"{100 * (with / without - 1):+0.0;-0.0} % (wanted: at most {wanted} %); best of each {100 * (best - 1):+0.0;-0.0} %");
        // Where others compute on the same cores, this scatters less.
        var processor = Table.Median(hook.ProcessorWith.Skip(1)) / Table.Median(hook.ProcessorWithout.Skip(1));
        Table.Row("processor time", "", $"{100 * (processor - 1):+0.0;-0.0} %");
    }

    sealed class ObservedEpochs(IImportance criterion, NeuronMap map) : ITrainingHook
    {
        readonly List<IImportanceObserver> observers = [];
        readonly Process process = Process.GetCurrentProcess();
        long began;
        TimeSpan processorBegan;

        public List<double> With { get; } = [];

        public List<double> Without { get; } = [];

        public List<double> ProcessorWith { get; } = [];

        public List<double> ProcessorWithout { get; } = [];

        TimeSpan ProcessorTime
        {
            get
            {
                process.Refresh();
                return process.TotalProcessorTime;
            }
        }

        public void BeforeForward(TrainingRun run)
        {
            if (run.StepInEpoch == 0)
                (began, processorBegan) = (Stopwatch.GetTimestamp(), ProcessorTime);
            if (run.Epoch % 2 == 1 && run.StepInEpoch == 0)
                observers.AddRange(run.Replicas.Select(r => criterion.Watch(map.For(r, input => [((nn.Module<Tensor, Tensor>)r).call(input)]), Math.Max(1, Environment.ProcessorCount / run.Replicas.Count))));
        }

        public void AfterBackward(TrainingRun run)
        {
            for (var i = 0; i < Math.Min(observers.Count, run.Batches.Count); i++)
                observers[i].AfterBackward(run.Batches[i], run.Batches.Sum(b => b.Rows));
        }

        public void AfterEpoch(TrainingRun run)
        {
            foreach (var other in observers.Skip(1))
                observers[0].Add(other);
            if (observers.Count > 0)
                observers[0].Scores();
            observers.ForEach(o => o.Dispose());
            (observers.Count > 0 ? With : Without).Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            (observers.Count > 0 ? ProcessorWith : ProcessorWithout).Add((ProcessorTime - processorBegan).TotalSeconds);
            observers.Clear();
        }
    }
}
