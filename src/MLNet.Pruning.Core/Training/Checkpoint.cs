using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// Everything that a run needs to continue as if it had never stopped: parameters, buffers, optimizer, random state, position, history,
/// and the state of hooks.
/// </summary>
static class Checkpoint
{
    public const string Kind = "checkpoint";

    const string Position = "position", RandomEntry = "random", HistoryEntry = "history";
    const string OptimizerPrefix = "optimizer:", HookPrefix = "hook:";

    /// <summary>The prefix of what the task keeps in the file; see <see cref="TrainingTask.Metadata"/>.</summary>
    public const string MetadataPrefix = "metadata:";

    public static Archive Of(TrainingRun run, int epoch, int stepInEpoch, IReadOnlyList<IStateful> stateful)
    {
        using var culture = new InvariantCulture();
        var archive = new Archive(Kind);
        var totals = run.Totals;
        var (options, examples, inside) = (run.Options, run.Feed.Examples, stepInEpoch > 0);
        var position = new CheckpointPosition(epoch, run.Step, stepInEpoch, inside ? totals.Rows : 0, inside ? totals.LossSum : 0,
            inside ? totals.Correct : 0, inside ? totals.Seconds : 0, run.LearningRate, run.StopReason, options.Seed, options.BatchSize,
            options.Shuffle, options.Optimizer, examples.Count, examples.Width, run.Replicas.Count, options.LearningRate, Schedule(run),
            options.WeightDecay, options.Momentum, options.GradientClipNorm, options.DropLastBatch, examples.Fingerprint, Kinds(run),
            options.Nesterov, options.AccumulateBatches, options.Augmentation?.ToString(), inside ? totals.Weight : 0);
        archive.Add(Position, JsonSerializer.SerializeToUtf8Bytes(position, CheckpointJson.Default.CheckpointPosition));
        archive.Add(HistoryEntry, Encoding.UTF8.GetBytes(run.History.ToJson()));
        archive.Add(SavedNetwork.Blueprint, Encoding.UTF8.GetBytes(BlueprintOf(run).ToJson()));
        foreach (var (name, content) in run.Task.Metadata)
            archive.Add(MetadataPrefix + name, content);
        AddOptimizer(archive, run);
        ModuleState.Add(archive, run.Model);
        using (var state = get_rng_state())
            archive.Add(RandomEntry, state.bytes.ToArray());
        foreach (var hook in stateful)
            archive.Add(HookPrefix + hook.StateName, Bytes(writer => hook.SaveState(run, writer)));
        return archive;
    }

    /// <summary>The blueprint of the model at its present size; for a user module without one, its type, inputs and sizes.</summary>
    static Blueprint BlueprintOf(TrainingRun run) => Blueprint.Find(run.Model)
        ?? (run.Task.Blueprint as ModuleBlueprint ?? new(run.Model.GetType().Name, run.Task.Examples.Shape)).Now(run.Model);

    /// <summary>Adds the optimizer state for each parameter.</summary>
    public static void AddOptimizer(Archive archive, TrainingRun run)
    {
        foreach (var (name, parameter) in Trainable(run))
        {
            using var scope = NewDisposeScope();
            var state = run.Optimizer.GetState(parameter);
            archive.Add(OptimizerPrefix + name, Bytes(writer => Write(state, name, writer)));
        }
    }

    /// <summary>Whether there is what <see cref="AddOptimizer"/> adds.</summary>
    public static bool HasOptimizer(Archive archive) =>
        archive.Entries.Any(entry => entry.Key.StartsWith(OptimizerPrefix, StringComparison.Ordinal));

    /// <summary>Loads what <see cref="AddOptimizer"/> added, for a model of the same shape.</summary>
    public static void LoadOptimizer(Archive archive, TrainingRun run, string what)
    {
        foreach (var (name, parameter) in Trainable(run))
        {
            using var scope = NewDisposeScope();
            archive.Part(OptimizerPrefix + name, what, reader => run.Optimizer.SetState(parameter, State(reader, parameter, name)));
        }
    }

    public static CheckpointPosition PositionOf(Archive archive, string what) => archive.Part(Position, what, CheckpointPosition.Of);

    public static TrainingHistory HistoryOf(Archive archive, string what) =>
        archive.Part(HistoryEntry, what, json => TrainingHistory.FromJson(new MemoryStream(json)));

    public static void Load(Archive archive, string path, TrainingRun run, IReadOnlyList<IStateful> stateful)
    {
        var what = $"Checkpoint '{path}'";
        using var culture = new InvariantCulture();
        var position = PositionOf(archive, what);
        Same(nameof(TrainingOptions.Seed), position.Seed, run.Options.Seed);
        Same(nameof(TrainingOptions.BatchSize), position.BatchSize, run.Options.BatchSize);
        Same(nameof(TrainingOptions.AccumulateBatches), position.AccumulateBatches, run.Options.AccumulateBatches);
        Same(nameof(TrainingOptions.Augmentation), position.Augmentation, run.Options.Augmentation?.ToString());
        Same(nameof(TrainingOptions.Shuffle), position.Shuffle, run.Options.Shuffle);
        Same(nameof(TrainingOptions.Optimizer), position.Optimizer, run.Options.Optimizer);
        const string folds = " CrossValidate trains each fold on other rows: set CheckpointOptions.PerDataSet, so that each has its own "
            + "file.";
        Same("row width", position.Width, run.Feed.Examples.Width);
        Same("row count", position.Rows, run.Feed.Examples.Count, folds);
        Same("fingerprint of the examples", position.Data, run.Feed.Examples.Fingerprint, folds);
        Same(nameof(TrainingOptions.LearningRate), position.BaseRate, run.Options.LearningRate);
        Same(nameof(TrainingOptions.Schedule), position.Schedule, Schedule(run));
        Same(nameof(TrainingOptions.WeightDecay), position.WeightDecay, run.Options.WeightDecay);
        Same(nameof(TrainingOptions.Momentum), position.Momentum, run.Options.Momentum);
        Same(nameof(TrainingOptions.Nesterov), position.Nesterov, run.Options.Nesterov);
        Same(nameof(TrainingOptions.GradientClipNorm), position.GradientClipNorm, run.Options.GradientClipNorm);
        Same(nameof(TrainingOptions.DropLastBatch), position.DropLastBatch, run.Options.DropLastBatch);
        var begun = position.Epoch + (position.StepInEpoch > 0 ? 1 : 0);
        if (begun > run.Options.Epochs)
            throw new InvalidDataException($"{what} has come to epoch {begun}, but {nameof(TrainingOptions.Epochs)} is "
                + $"{run.Options.Epochs}; it must be at least {begun} to go on.");

        foreach (var hook in stateful)
            archive.Part(HookPrefix + hook.StateName, what, reader => hook.LoadState(run, reader));
        // After the hooks, which may have replaced the model.
        if (position.Model != Kinds(run))
            throw new InvalidDataException($"{what} is of another model: its model is {position.Model}, this run's is {Kinds(run)}. "
                + $"Delete the file or set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.");
        ModuleState.Load(archive, run.Model, what);
        LoadOptimizer(archive, run, what);
        foreach (var hook in stateful)
            archive.Part(HookPrefix + hook.StateName, what, _ => hook.StateLoaded(run));
        run.History = HistoryOf(archive, what);
        archive.Part(RandomEntry, what, saved =>
        {
            using var state = get_rng_state();
            // Generators differ between devices and versions of LibTorch; a state of the wrong size is of another generator.
            if (saved.Length != state.bytes.Length)
                throw new InvalidDataException(
                    $"It was written by another version of LibTorch: the random state has {saved.Length} bytes, not {state.bytes.Length}.");
            if (IsMersenneTwister(state.bytes) && !IsMersenneTwister(saved))
                throw new InvalidDataException("It is no state of LibTorch's random numbers.");
            saved.CopyTo(state.bytes);
            set_rng_state(state);
            return true;
        });
        run.LearningRate = position.LearningRate;
        run.ResumeAt(position.Epoch, position.Step, position.StepInEpoch);
        (run.Totals.Rows, run.Totals.LossSum) = (position.EpochRows, position.EpochLossSum);
        run.Totals.Weight = position.EpochWeight ?? position.EpochRows;
        (run.Totals.Correct, run.Totals.Seconds) = (position.EpochCorrect, position.EpochSeconds);
        if (position.Stopped is { } reason)
            run.Stop(reason);

        void Same<T>(string name, T then, T now, string hint = "")
        {
            if (!EqualityComparer<T>.Default.Equals(then, now))
                throw new InvalidDataException($"{what} is of another run: its {name} is {then}, this run's is {now}. Delete the file or "
                    + $"set {nameof(CheckpointOptions)}.{nameof(CheckpointOptions.Resume)} to false to start anew.{hint}");
        }
    }

    /// <summary>
    /// Checks a state as LibTorch requires it: with a wrong one, LibTorch ends the process. Int64 seed; int32 numbers left, from 1 to 624;
    /// int32 whether seeded; uint64 the next number, at most 624.
    /// </summary>
    static bool IsMersenneTwister(ReadOnlySpan<byte> state)
    {
        const int numbers = 624;
        return state.Length > 24 && BinaryPrimitives.ReadInt32LittleEndian(state[8..]) is > 0 and <= numbers
            && BinaryPrimitives.ReadInt32LittleEndian(state[12..]) != 0
            && BinaryPrimitives.ReadUInt64LittleEndian(state[16..]) <= numbers;
    }

    static IEnumerable<(string Name, Parameter Parameter)> Trainable(TrainingRun run) =>
        run.Model.named_parameters().Where(p => p.parameter.requires_grad).Select(p => (p.name, p.parameter));

    static string Schedule(TrainingRun run) => run.Options.Schedule switch
    {
        null => "none",
        StepwiseRate { Unit: ScheduleUnit.Epochs } s => FormattableString.Invariant($"stepwise({s.Every}, {s.Multiplier})"),
        CosineRate c => FormattableString.Invariant($"cosine({c.Minimum}, {c.Warmup})"),
        var other => other.ToString(),
    };

    /// <summary>The types of the modules, as shapes cannot tell a ReLU from a Tanh.</summary>
    static string Kinds(TrainingRun run) => string.Join(", ", run.Model.named_modules().Select(m => $"{m.name}: {m.module.GetType().Name}")
        .Prepend(run.Model.GetType().Name));

    static void Write(ParameterState state, string name, BinaryWriter writer)
    {
        writer.Write(state.Steps);
        writer.Write(state.Tensors.Count);
        foreach (var (part, tensor) in state.Tensors)
        {
            writer.Write(part);
            var blob = TensorBlob.From(tensor, $"{name}: {part}");
            writer.Write(blob.Length);
            writer.Write(blob);
        }
    }

    static ParameterState State(BinaryReader reader, Tensor parameter, string name)
    {
        var steps = reader.ReadInt64();
        var tensors = new Dictionary<string, Tensor>();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var part = reader.ReadString();
            var blob = reader.ReadBlob();
            var tensor = empty_like(parameter.detach());
            TensorBlob.Check(blob, tensor, $"{name}: {part}", "It");
            TensorBlob.Into(blob, tensor);
            tensors.Add(part, tensor);
        }
        return new ParameterState(steps, tensors);
    }

    public static byte[] Bytes(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }
}

/// <summary>The position of a run, and settings that must be equal for it to continue.</summary>
sealed record CheckpointPosition(int Epoch, long Step, int StepInEpoch, long EpochRows, double EpochLossSum, double? EpochCorrect,
    double EpochSeconds, double LearningRate, string? Stopped, int Seed, int BatchSize, bool Shuffle, OptimizerKind Optimizer, int Rows,
    int Width, int Replicas, double BaseRate, string Schedule, double WeightDecay, double Momentum, double? GradientClipNorm,
    bool DropLastBatch, ulong Data, string Model, bool Nesterov = false, int AccumulateBatches = 1, string? Augmentation = null,
    double? EpochWeight = null)
{
    public static CheckpointPosition Of(byte[] json)
    {
        var position = GuardedStream.Description(json, CheckpointJson.Default.CheckpointPosition)
            ?? throw new InvalidDataException("The position is null.");
        return position is { Epoch: >= 0, Step: >= 0, StepInEpoch: >= 0, EpochRows: >= 0, LearningRate: >= 0 } ? position
            : throw new InvalidDataException(
            $"There is no such position: {position}.");
    }
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CheckpointPosition))]
sealed partial class CheckpointJson : JsonSerializerContext;
