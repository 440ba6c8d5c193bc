using MLNet.Pruning.Native;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Knowledge distillation: a classifier learns from a trained model's answers to its training rows beside the labels, such as a pruned
/// network from a dense one. See <see cref="DistilledCrossEntropy"/> for the loss.
/// </summary>
/// <param name="Teacher">
/// A trained classifier of the same classes that reads the same columns; of any trainer. It is not changed.
/// </param>
public sealed record Distillation(PrunedModelTransformer Teacher)
{
    /// <summary>Learns from the model in a pipeline, as <c>mlContext.Model.Load</c> gives one.</summary>
    /// <param name="teacher">A pipeline with one trained classifier.</param>
    /// <exception cref="ArgumentException">It has none, or several.</exception>
    public Distillation(ITransformer teacher)
        : this(In(teacher))
    {
    }

    static PrunedModelTransformer In(ITransformer pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        PrunedModelTransformer[] models = [.. ScoredPipeline.Flat(pipeline).OfType<PrunedModelTransformer>()];
        return models is [var one] ? one : throw new ArgumentException(
            $"The teacher is a {pipeline.GetType().Name} with {models.Length} trained models; wanted one, or a pipeline with one.");
    }

    /// <summary>Softens the answers of teacher and student before they are compared; above 0. 1 leaves them as they are.</summary>
    public double Temperature { get; init; } = 4;

    /// <summary>The weight of the teacher's answers beside that of the labels; above 0, at most 1.</summary>
    public double Weight { get; init; } = 0.5;

    internal void Validate()
    {
        OptionChecks.Require(Teacher is not null, "Distillation.Teacher", null, "a trained classifier");
        DistilledCrossEntropy.Check(Temperature, Weight);
    }

    /// <summary>Checks before training that the teacher reads what the student reads, and tells the same classes apart.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not.</exception>
    internal void Check(DataViewSchema schema, FeatureColumns features, ClassLabels labels)
    {
        const string Same = "teacher and student must read the same columns, as the teacher is asked about the student's rows.";
        if (Teacher.FeatureColumnName != features.Name)
            throw Wrong($"reads column '{Teacher.FeatureColumnName}', and this trainer reads '{features.Name}'; {Same}");
        try
        {
            Teacher.Bind(schema);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw Wrong($"cannot read the training set: {failure.Message} (Here {Same})");
        }
        if (Teacher.FeatureCount != features.Size)
            throw Wrong($"reads {Teacher.FeatureCount} values a row, and this trainer {features.Size}; {Same}");
        if (Teacher.Task is not MulticlassTask { Labels: var classes })
            throw Wrong($"is a {Teacher.Task.Kind}; it must be a multiclass classifier of the same classes.");
        if (classes.Count != labels.Count)
            throw Wrong($"tells {classes.Count} classes apart, and the label column has {labels.Count}.");
        if (classes.FirstDifference(labels) is var (key, known, wanted))
            throw Wrong($"knows class {key} as '{known}', and the label column as '{wanted}'; make the keys in the same way.");

        static ArgumentOutOfRangeException Wrong(string what) => new(null, $"Distillation.Teacher {what}");
    }

    /// <summary>A copy of the teacher's network for one run: from the student's inputs to logits.</summary>
    internal TeacherNetwork Copy(IHostEnvironment environment, string device) => new(Teacher, environment, device);
}

/// <summary>A frozen copy of a trained classifier's network on the device of a run. Thread-safe.</summary>
sealed class TeacherNetwork : IDisposable
{
    readonly nn.Module<Tensor, Tensor> module;
    readonly IReadOnlyList<long> shape;

    public TeacherNetwork(PrunedModelTransformer teacher, IHostEnvironment environment, string device)
    {
        LibTorch.Load();
        teacher.Scorer.ThrowIfDisposed();
        var (blueprint, built) = FollowedModule.Build(teacher.Scorer.Network, environment, "The teacher");
        (module, shape) = ((nn.Module<Tensor, Tensor>)built, blueprint.InputShape);
        module.to(new Device(device));
        module.eval();
    }

    /// <summary>A student may see the same values in another shape: [784] or [1, 28, 28].</summary>
    public Tensor Logits(Tensor inputs) => module.call(inputs.reshape([inputs.shape[0], .. shape]));

    public void Dispose() => module.Dispose();
}
