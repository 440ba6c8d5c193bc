using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>A batch within a step, whose gradients are added up over its batches.</summary>
/// <param name="From">The rows of the step before it.</param>
/// <param name="StepRows">The rows of the step.</param>
/// <param name="StepWeight">Their weight: their number if they have no weights.</param>
/// <param name="Changes">The changes of its images.</param>
/// <param name="Draws">The random numbers of its rows in plans.</param>
readonly record struct StepPart(int From, int StepRows, double StepWeight, ImageChanges Changes, RowDraws Draws)
{
    public bool IsFirst => From == 0;

    public bool IsLast(int rows) => From + rows == StepRows;
}

/// <summary>The replicas of one model that compute a batch together. Replica 0 is the model itself.</summary>
/// <remarks>
/// All replicas use the model's own parameter memory, so nothing is broadcast after a step. Each has its own gradients in one vector; they
/// are always added in the order of the replicas. After each step, the running statistics (batch norm) of all replicas are set to their
/// mean, weighted by rows.
/// </remarks>
sealed class ReplicaSet : IDisposable
{
    // Below this many floats, adding the gradients takes less time than a second synchronisation of the threads.
    const long ParallelSum = 1 << 16;

    // Batch norm needs two rows for a variance.
    const int MinimumRows = 2;

    readonly Replica[] replicas;
    readonly Tensor[][] slices; // [replica][slice]: gradient vectors in slices, for summing in parallel
    readonly nn.Module<Tensor, Tensor>[] hookable;
    readonly ReplicaThreads threads;
    readonly ForwardOrder order = new();
    readonly Action<int> train, score, sum;
    readonly Action breakOrder;
    readonly BatchPrefetcher? ahead;
    readonly Action<int>? copyAhead;

    ExampleBuffer examples = null!;
    IObjective objective = null!;
    PlannedLoss? loss;
    int[] slots = [];
    int rows, active, summed;
    double weight;
    StepPart part;
    bool ordered, brought;

    public ReplicaSet(FlatModel model, Func<nn.Module>? copy, ExampleBuffer shape, ReplicaThreads threads, int batchSize, Device device)
    {
        this.threads = threads;
        var count = copy is null ? 1 : threads.Count;
        var capacity = Math.Min(batchSize, Math.Max(2 * MinimumRows - 1, (batchSize + count - 1) / count));
        replicas = new Replica[count];
        Modules = new nn.Module[count];
        try
        {
            using var state = count > 1 ? get_rng_state() : null;
            for (var i = 0; i < count; i++)
            {
                var module = i == 0 ? model.Module : copy!() ?? throw new ArgumentException(
                    $"{nameof(TrainingTask)}.{nameof(TrainingTask.Copy)} gave null; it must build a new module each time.");
                if (Modules.Take(i).Any(other => ReferenceEquals(other, module)))
                    throw new ArgumentException($"{nameof(TrainingTask)}.{nameof(TrainingTask.Copy)} gave a module that is in use "
                        + "already; it must build a new one each time.");
                Modules[i] = module;
                if (i > 0)
                {
                    ModuleScope.Detach(module);
                    Alias(module, model.Module);
                }
                var gradients = i == 0 ? model.Gradients : FlatStorage.GradientsOf(FlatModel.Trainable(module), device);
                replicas[i] = new Replica(module, gradients, model.Values, Statistics(module, device), shape, capacity, device);
            }
            TrainingModes.Begin(Modules);
            // The initial weights that the copies draw must not change the run's random numbers.
            if (state is not null)
                set_rng_state(state);
        }
        catch
        {
            DisposeReplicas();
            throw;
        }
        slices = Slice(replicas);
        hookable = [.. Modules.SelectMany(module => module.modules().Prepend(module)).OfType<nn.Module<Tensor, Tensor>>().Distinct()];
        train = Train;
        breakOrder = order.Break;
        score = Score;
        sum = Sum;
        // If all threads sum gradients, none is idle at the end of a step.
        if (count > 1 && replicas[0].Gradients.Length < ParallelSum)
        {
            ahead = new BatchPrefetcher(count, shape, capacity, device);
            copyAhead = ahead.Copy;
        }
    }

    public nn.Module[] Modules { get; }

    /// <summary>The latest rows of each replica; a batch of few rows leaves out the last replicas.</summary>
    public IReadOnlyList<Batch> Batches => [.. replicas.Take(active).Select(r => r.Batch!)];

    /// <summary>Which weights are active, for plans; null for all.</summary>
    public IActiveWeights? Active { get; set; }

    /// <summary>Whether a module of a replica has forward hooks that no plan calls.</summary>
    public bool AreWatched => hookable.Any(LayerWatches.HasOtherHooks);

    /// <summary>One replica per core, but each with at least 32 rows of a full batch.</summary>
    public static int CountFor(TrainingOptions options, bool copies)
    {
        if (!copies || !options.IsCpu)
            return 1;
        return options.Replicas > 0
            ? Math.Max(1, Math.Min(options.Replicas, options.BatchSize / MinimumRows))
            : Math.Clamp(options.BatchSize / 32, 1, Environment.ProcessorCount);
    }

    /// <summary>Whether the model was found to draw random numbers in the forward pass; its replicas then take turns.</summary>
    public bool DrawsRandomNumbers { get; private set; }

    /// <summary>Computes a batch's part of the gradients of the mean loss over a step's rows.</summary>
    /// <param name="batch">The slots of the rows.</param>
    /// <param name="from">The buffer of the rows.</param>
    /// <param name="towards">The objective.</param>
    /// <param name="planned">The objective's loss for plans; null for LibTorch.</param>
    /// <param name="of">The batch's part of the step. Gradients are complete after the last one.</param>
    /// <param name="upcoming">The slots of the next batch if known, so that its rows can be prefetched.</param>
    /// <param name="after">The changes of its images.</param>
    /// <param name="probe">Whether to check if the model draws random numbers.</param>
    public BatchResult Compute(ReadOnlySpan<int> batch, ExampleBuffer from, IObjective towards, PlannedLoss? planned, StepPart of,
        ReadOnlySpan<int> upcoming, ImageChanges after, bool probe)
    {
        Take(batch, from, towards);
        (part, loss) = (of, planned);
        if (of.IsFirst)
            summed = active; // the first batch of a step is its largest
        if (ahead is not null)
        {
            var shares = Sharing(upcoming.Length);
            brought = ahead.Begin(batch, shares <= active ? upcoming : [], shares, from, after);
            threads.Rest();
        }
        using var state = probe && planned is null && active > 1 ? get_rng_state() : null;
        ordered = planned is null && active > 1 && (probe || DrawsRandomNumbers);
        order.Reset();
        threads.Run(active, train, copyAhead, breakOrder);
        if (state is not null)
        {
            using var now = get_rng_state();
            DrawsRandomNumbers = !state.bytes.SequenceEqual(now.bytes);
        }
        if (summed > 1 && of.IsLast(rows))
        {
            if (replicas[0].Gradients.Length < ParallelSum)
                Add(replicas.Length);
            else
                threads.Run(replicas.Length, sum);
        }
        if (replicas.Length > 1 && replicas[0].Statistics.Length > 0)
            MergeStatistics();
        return Outcome();
    }

    /// <summary>The mean loss over the batch, without gradients.</summary>
    public BatchResult Evaluate(ReadOnlySpan<int> batch, ExampleBuffer from, IObjective towards, PlannedLoss? planned)
    {
        Take(batch, from, towards);
        loss = planned;
        threads.Run(active, score);
        return Outcome();
    }

    void Take(ReadOnlySpan<int> batch, ExampleBuffer from, IObjective towards)
    {
        if (slots.Length < batch.Length)
            slots = new int[batch.Length];
        batch.CopyTo(slots);
        (rows, examples, objective) = (batch.Length, from, towards);
        weight = from.Weight(batch);
        active = Sharing(rows);
    }

    int Sharing(int of) => Math.Clamp(of / MinimumRows, 1, replicas.Length);

    void Train(int number)
    {
        var replica = replicas[number];
        var share = Share(slots.AsSpan(0, rows), number, active);
        var batch = brought ? replica.Gather(ahead!, number, share.Length) : replica.Gather(examples, share, part.Changes);
        ahead?.Open(number);
        var ofStep = part.StepWeight > 0 ? weight / part.StepWeight : 0;
        if (loss is not null)
            replica.Compute(batch, loss, WeightOf(share), ofStep, part.IsFirst,
                part.Draws.After((int)((long)rows * number / active)), Active);
        else
            replica.ForwardBackward(batch, objective, number, WeightOf(share), ofStep, part.IsFirst, ordered ? order : null);
    }

    void Score(int number)
    {
        var replica = replicas[number];
        var share = Share(slots.AsSpan(0, rows), number, active);
        replica.Evaluate(replica.Gather(examples, share), objective, loss, WeightOf(share), Active);
    }

    /// <summary>The weight of some rows as a share of the batch's; 0 if all of the batch's are 0.</summary>
    double WeightOf(ReadOnlySpan<int> share) => weight > 0 ? examples.Weight(share) / weight : 0;

    /// <summary>A replica's share of a batch.</summary>
    public static ReadOnlySpan<int> Share(ReadOnlySpan<int> batch, int number, int shares)
    {
        int from = (int)((long)batch.Length * number / shares), to = (int)((long)batch.Length * (number + 1) / shares);
        return batch[from..to];
    }

    BatchResult Outcome()
    {
        double loss = 0;
        double? correct = 0;
        foreach (var replica in replicas.AsSpan(0, active))
        {
            loss += replica.Loss * replica.Share;
            correct += replica.Correct;
        }
        return new(loss, correct, weight);
    }

    void Sum(int slice)
    {
        for (var replica = 1; replica < summed; replica++)
            slices[0][slice].add_(slices[replica][slice], Scalars.One);
    }

    void Add(int sliceCount)
    {
        for (var slice = 0; slice < sliceCount; slice++)
            Sum(slice);
    }

    void MergeStatistics()
    {
        using var scope = NewDisposeScope();
        var merged = replicas[0].Statistics.Vector;
        if (active > 1)
        {
            for (var i = 0; i < active; i++)
            {
                using var share = Scalars.Of((float)replicas[i].Rows / rows);
                if (i == 0)
                    merged.mul_(share);
                else
                    merged.add_(replicas[i].Statistics.Vector, share);
            }
        }
        for (var i = 1; i < replicas.Length; i++)
            replicas[i].Statistics.Vector.copy_(merged);
    }

    /// <summary>Makes the copy's parameters views of the model's memory, and copies its buffers.</summary>
    static void Alias(nn.Module copy, nn.Module model)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var theirs = Same("parameter", Parameters(model), Parameters(copy));
        foreach (var (name, parameter) in model.named_parameters())
        {
            theirs[name].requires_grad = parameter.requires_grad;
            theirs[name].set_(parameter.detach());
        }
        var buffers = Same("buffer", model.named_buffers(), copy.named_buffers());
        foreach (var (name, buffer) in model.named_buffers())
            buffers[name].copy_(buffer);

        static IEnumerable<(string, Tensor)> Parameters(nn.Module of) => of.named_parameters().Select(p => (p.name, (Tensor)p.parameter));
    }

    /// <summary>The copy's tensors by name, checked to match the model's.</summary>
    static Dictionary<string, Tensor> Same(string kind, IEnumerable<(string Name, Tensor Tensor)> model,
        IEnumerable<(string Name, Tensor Tensor)> copy)
    {
        const string remedy = $"{nameof(TrainingTask)}.{nameof(TrainingTask.Copy)} must build the same module again.";
        var (ours, theirs) = (model.ToArray(), copy.ToDictionary(t => t.Name, t => t.Tensor));
        foreach (var (name, tensor) in ours)
            if (!theirs.TryGetValue(name, out var other))
                throw new ArgumentException($"A copy of the model has no {kind} '{name}'; {remedy}");
            else if (!other.shape.SequenceEqual(tensor.shape))
                throw new ArgumentException($"A copy of the model has the {kind} '{name}' of shape [{string.Join(", ", other.shape)}]; "
                    + $"the model's has [{string.Join(", ", tensor.shape)}]. {remedy}");
        return theirs.Keys.Except(ours.Select(t => t.Name)).FirstOrDefault() is not { } extra ? theirs
            : throw new ArgumentException($"A copy of the model has a {kind} '{extra}' that the model lacks; {remedy}");
    }

    static FlatStorage Statistics(nn.Module module, Device device)
    {
        using var scope = NewDisposeScope();
        return FlatStorage.Under([.. module.named_buffers().Select(b => b.buffer).Where(b => b.dtype == ScalarType.Float32)], device);
    }

    static Tensor[][] Slice(Replica[] replicas)
    {
        var cuts = FlatStorage.Cuts(replicas[0].Gradients.Length, replicas.Length);
        return [.. replicas.Select(r => cuts.Zip(cuts.Skip(1), (from, to) =>
            r.Gradients.Vector.narrow(0, from, to - from).DetachFromDisposeScope()).ToArray())];
    }

    public void Dispose()
    {
        threads.Rest();
        ahead?.Dispose();
        foreach (var slice in slices.SelectMany(s => s))
            slice.Dispose();
        DisposeReplicas();
    }

    // The module and gradients of the first replica belong to the run.
    void DisposeReplicas()
    {
        for (var i = 0; i < replicas.Length; i++)
        {
            replicas[i]?.Dispose();
            if (i == 0)
                continue;
            replicas[i]?.Gradients.Dispose();
            Modules[i]?.Dispose();
        }
    }
}

/// <summary>The result of a batch.</summary>
/// <param name="Loss">The mean loss.</param>
/// <param name="Correct">The weight of the rows with the right answer; null if the objective has none.</param>
/// <param name="Weight">The weight of all rows: their number if they have no weights.</param>
readonly record struct BatchResult(double Loss, double? Correct, double Weight);
