using System.IO.Compression;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Returns the seconds that a network takes to score so many rows in one call. Tests use it in place of the clock.</summary>
delegate double ScoringSeconds(nn.Module network, int rows);

/// <summary>
/// Measures networks against a budget, on rows of the run: networks of this library as scoring plans, user modules as LibTorch scores
/// them.
/// </summary>
sealed class BudgetGauge
{
    // Single rows are taken from this many different rows in turn, since the time of merging depends on the row.
    const int DifferentRows = 16;

    // More weights than fit into a core's own cache.
    const long LargestCopied = 1 << 20;

    readonly Budget budget;
    readonly bool deflated;
    readonly ScoringSeconds? seconds;
    readonly Func<nn.Module, Tensor, IReadOnlyList<Tensor>> forward;
    readonly float[] rows = [];
    readonly long[] shape = [];
    readonly ScoringClock? clock;

    /// <param name="budget">The budget.</param>
    /// <param name="run">A run that has not started.</param>
    /// <param name="forward">Runs a user module.</param>
    /// <param name="deflated">Whether to count the compressed size of files.</param>
    /// <param name="seconds">Replaces the clock; null for the clock.</param>
    public BudgetGauge(
        Budget budget, TrainingRun run, Func<nn.Module, Tensor, IReadOnlyList<Tensor>> forward, bool deflated, ScoringSeconds? seconds)
    {
        (this.budget, this.forward, this.deflated, this.seconds) = (budget, forward, deflated, seconds);
        var longest = budget.Measured.Max(limit => limit.Rows) ?? 0;
        if (longest == 0 || seconds is not null)
            return;
        var examples = run.Feed.Examples;
        shape = examples.Shape;
        rows = new float[checked(Math.Max(longest, DifferentRows) * examples.Width)];
        for (var at = 0; at < rows.Length; at += examples.Width)
            examples.Numbers(at / examples.Width % examples.Count).CopyTo(rows.AsSpan(at));
        if (!HasPlan(run.Model) && !run.Options.IsCpu)
            throw new ArgumentException($"Pruning.Budget has a time, and a {run.Model.GetType().Name} is scored by LibTorch: that can be "
                + $"measured on the CPU only, and the run trains on {run.Options.Device}.");
        clock = new ScoringClock(HasPlan(run.Model) ? Call(run.Model, 1) : FixedWork());
    }

    /// <summary>Whether a plan scores the network.</summary>
    public static bool HasPlan(nn.Module network) => network is FeedForward or ConvNet or Vit or Vae;

    /// <summary>Measures a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="carefully">Whether to measure precisely; otherwise a rough look.</param>
    public BudgetReading Read(nn.Module network, bool carefully)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return new([.. budget.Measured.Select(limit => Read(limit, network, carefully))]);
    }

    (BudgetLimit, BudgetMeasurement) Read(BudgetLimit limit, nn.Module network, bool carefully)
    {
        if (limit.Quantity == BudgetQuantity.FileSize)
            return (limit, new(limit.Quantity, limit.Value, Bytes(network)));
        var count = limit.Rows!.Value;
        double time, noise = 0;
        if (seconds is not null)
            time = seconds(network, count);
        else
        {
            using var mode = new EvaluationMode(network);
            // The speed of a plan about the size of a cache depends on where its weights are in memory, which changes with every
            // compilation.
            var copies = !HasPlan(network) || network.parameters().Sum(p => p.NumberOfElements) > LargestCopied ? 1 : carefully ? 12 : 4;
            (time, noise) = clock!.Measure(
                [.. Enumerable.Range(0, copies).Select(_ => Call(network, count))], carefully ? ScoringClock.Many : ScoringClock.Few);
        }
        return limit.Quantity == BudgetQuantity.Latency
            ? (limit, new(limit.Quantity, limit.Value, time) { Rows = count, Noise = noise })
            : (limit, new(limit.Quantity, limit.Value, count / time) { Noise = noise });
    }

    /// <summary>Compiles the network, and returns a call that scores rows, different ones each time.</summary>
    Action Call(nn.Module network, int count)
    {
        var width = (int)shape.Aggregate(1L, (n, extent) => n * extent);
        if (HasPlan(network))
        {
            var plan = NetworkPlans.Compile(network);
            if (plan.InputWidth != width)
                throw new ArgumentException($"The network takes rows of {plan.InputWidth} numbers; the run's have {width}.");
            return ByPlan(plan, rows, count);
        }
        var inputs = Enumerable.Range(0, Math.Max(1, rows.Length / width / count))
            .Select(part => tensor(rows.AsMemory(part * count * width, count * width).ToArray(), [count, .. shape])).ToArray();
        var next = 0;
        return () =>
        {
            using var inner = NewDisposeScope();
            forward(network, inputs[next]);
            next = (next + 1) % inputs.Length;
        };
    }

    static Action ByPlan(ScoringPlan plan, float[] rows, int count)
    {
        var (width, parts, next) = (count * plan.InputWidth, rows.Length / (count * plan.InputWidth), 0);
        var scores = new float[count * plan.OutputWidth];
        return () =>
        {
            plan.Score(rows.AsSpan(next * width, width), scores);
            next = (next + 1) % parts;
        };
    }

    /// <summary>A fixed piece of work, to measure the speed of the processor.</summary>
    static Action FixedWork()
    {
        const int size = 256;
        var weights = new NetworkWeights();
        foreach (var layer in new[] { "layers.linear1", "layers.linear2" })
        {
            var values = new float[size * size];
            Array.Fill(values, 1f / size);
            weights.Add($"{layer}.weight", values, size, size);
            weights.Add($"{layer}.bias", new float[size], size);
        }
        var row = new float[size];
        Array.Fill(row, 0.5f);
        return ByPlan(ScoringPlan.Compile(new FeedForwardDescription([size, size, size]), weights), row, 1);
    }

    long Bytes(nn.Module network)
    {
        using var counter = new CountingStream();
        using (var compressed = deflated ? new DeflateStream(counter, CompressionLevel.Optimal, leaveOpen: true) : null)
        {
            Stream target = compressed is null ? counter : compressed;
            if (HasPlan(network))
                ModelFile.Save(target, Blueprint.Of(network), network);
            else
            {
                var archive = new Archive("model");
                ModuleState.Add(archive, network);
                archive.Write(target);
            }
        }
        return counter.Position;
    }

    /// <summary>Counts the bytes written and discards them.</summary>
    sealed class CountingStream : Stream
    {
        long written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => written;

        public override long Position
        {
            get => written;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => written += buffer.Length;

        public override void Write(byte[] buffer, int offset, int count) => written += count;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>The measurements of a network against each bound of a budget.</summary>
sealed record BudgetReading(IReadOnlyList<(BudgetLimit Limit, BudgetMeasurement Measurement)> Bounds)
{
    public IReadOnlyList<BudgetMeasurement> Measurements => [.. Bounds.Select(b => b.Measurement)];

    /// <summary>The bound with the largest load.</summary>
    public (BudgetLimit Limit, BudgetMeasurement Measurement) Tightest => Bounds.MaxBy(b => b.Limit.Load(b.Measurement.Measured));

    /// <summary>The largest load: at most 1 meets the budget.</summary>
    public double Load => Tightest.Limit.Load(Tightest.Measurement.Measured);

    /// <summary>The measurement of the tightest bound with its unit, such as "31 us".</summary>
    public override string ToString() => Tightest.Limit.Text(Tightest.Measurement.Measured);
}
