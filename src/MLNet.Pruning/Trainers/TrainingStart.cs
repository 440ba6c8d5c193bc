using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using static System.FormattableString;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>The network that training starts with: a new one, one with pretrained weights, or one that was trained before.</summary>
/// <param name="Blueprint">The network's structure.</param>
/// <param name="Pretrained">Weights from a file; null for random ones.</param>
/// <param name="Previous">The network that was trained before, with the same structure; null for none.</param>
/// <param name="Scale">The scale of a regressor's labels, which the network does not compute while it trains; null for none.</param>
/// <param name="Pixels">The scale of the pixels, which the network's first layer does not have while it trains; null for none.</param>
sealed record TrainingStart(Blueprint Blueprint, PretrainedWeights? Pretrained, Archive? Previous = null, LabelScale? Scale = null,
    PixelScale? Pixels = null)
{
    /// <summary>Finds the one trained model in a pipeline.</summary>
    /// <exception cref="ArgumentException">There is none, or several.</exception>
    public static T Find<T>(ITransformer model, string trainer)
        where T : PrunedTransformer
    {
        ArgumentNullException.ThrowIfNull(model);
        T[] models = [.. ScoredPipeline.Flat(model).OfType<T>()];
        return models is [var one] ? one : throw new ArgumentException(
            $"The previous model is a {model.GetType().Name} with {models.Length} models that a {trainer} could continue; wanted one "
            + $"{typeof(T).Name}, or a pipeline with one.");
    }

    /// <summary>The structure of a trained network.</summary>
    /// <exception cref="ArgumentException">It is of another kind, or reads other features.</exception>
    public static T Structure<T>(Archive network, string trainer, FeatureColumns features)
        where T : Blueprint
    {
        var blueprint = Blueprint.FromJson(NetworkPart.Blueprint(network));
        if (blueprint is not T same)
            throw new ArgumentException($"The previous model is a {Kind(blueprint.GetType())}; a {trainer} continues a {Kind(typeof(T))}.");
        long values = same.InputShape.Aggregate(1L, (product, size) => product * size);
        return values == features.Size ? same : throw new ArgumentException(
            $"Feature column '{features.Name}' has {features.Size} values; the previous model was trained on {values}.");

        static string Kind(Type type) => type.Name.Replace("Blueprint", "", StringComparison.Ordinal);
    }

    /// <summary>Checks that a trainer learns what the previous model predicts.</summary>
    /// <exception cref="ArgumentException">It learns something else, or other classes.</exception>
    public static void CheckTask(PredictionTask previous, PredictionTask now, string column)
    {
        if (previous.Kind != now.Kind)
            throw new ArgumentException($"The previous model is a {previous.Kind}; this trainer continues a {now.Kind}.");
        if (previous is MulticlassTask before && now is MulticlassTask after)
            CheckLabels(before.Labels, after.Labels, column);
    }

    /// <summary>Checks that the classes of new data are those of the previous model, in the same order.</summary>
    /// <exception cref="ArgumentException">They are others.</exception>
    static void CheckLabels(ClassLabels previous, ClassLabels now, string column)
    {
        const string Remedy = "Transform the data with the steps before the previous model, which know its classes.";
        if (now.Count != previous.Count)
        {
            throw new ArgumentException($"Label column '{column}' has {now.Count} values; the previous model has {previous.Count} classes. "
                + $"{Remedy} For other classes, start from its weights in a file: {nameof(PrunedTrainerOptions.Pretrained)}.");
        }
        if (previous.FirstDifference(now) is var (key, wanted, found))
            throw new ArgumentException($"Key {key} of label column '{column}' is '{found}'; in the previous model it is "
                + $"'{wanted}'. {Remedy}");
    }

    /// <summary>Gives a new module of this structure the weights to start with.</summary>
    /// <exception cref="InvalidDataException">The file of the weights is damaged, or of another network.</exception>
    public void Load(nn.Module model, IChannel channel)
    {
        if (Previous is not null)
        {
            ModuleState.Load(Previous, model, "The previous model");
            Scale?.Remove(model);
            Pixels?.Remove(model);
        }
        else if (Pretrained?.LoadInto(model) is { } match)
        {
            // The file's last layer computes labels.
            if (Scale is { Layer: var layer } && match.Loaded.Contains(layer.Length > 0 ? $"{layer}.weight" : "weight"))
                Scale.Remove(model);
            string[] random = [.. match.Missing, .. match.Mismatched];
            channel.Info(MessageSensitivity.None, $"Loaded {match.Loaded.Count} tensors from '{Pretrained.Path}'."
                + (random.Length > 0 ? $" Random at the start: {string.Join("; ", random)}." : "")
                + (match.Unexpected.Count > 0 ? $" Not used: {string.Join(", ", match.Unexpected)}." : ""));
        }
    }

    /// <summary>The pruning of a run that starts with this model: weights that are inactive in the previous model stay so.</summary>
    public ITrainingPruning? Prune(nn.Module model, ITrainingPruning? pruning, IChannel channel)
    {
        if (Previous is null || WeightMasks.Inactive(model) is not { } masks)
            return pruning;
        channel.Info(MessageSensitivity.None, Invariant($"The previous model has {masks.Sparsity:P1} of {masks.Count} weights inactive."));
        if (pruning is null)
            return new WeightPruning { Fixed = masks };
        if (Weights(pruning) is not { } weights)
            return new CombinedPruning(new WeightPruning { Fixed = masks }, pruning);
        string[] covered = [.. weights.Fixed?.Masks.Select(mask => mask.Name)
            ?? MaskedLayer.FindAny(model, weights.Weights, weights.Except).Select(layer => layer.Name)];
        string[] left = [.. masks.Masks.Select(mask => mask.Name).Except(covered)];
        if (left.Length > 0)
        {
            channel.Warning(MessageSensitivity.None, $"{nameof(WeightPruning)} does not mask {string.Join(", ", left)}: "
                + "weights that are inactive there in the previous model learn again.");
        }
        return With(pruning, masks);
    }

    static WeightPruning? Weights(ITrainingPruning pruning) => pruning switch
    {
        WeightPruning weights => weights,
        CombinedPruning { Parts: var parts } => parts.Select(Weights).FirstOrDefault(weights => weights is not null),
        _ => null,
    };

    static ITrainingPruning With(ITrainingPruning pruning, WeightMasks masks) => pruning switch
    {
        // Masks that the user names for a layer count; the other layers start as they are.
        WeightPruning { Fixed: null, InitialMasks: var named } weights => weights with
        {
            InitialMasks = named is null ? masks
                : new([.. named.Masks, .. masks.Masks.ExceptBy(named.Masks.Select(mask => mask.Name), mask => mask.Name)]),
        },
        CombinedPruning { Parts: var parts } => new CombinedPruning([.. parts.Select(part => With(part, masks))]),
        _ => pruning,
    };
}
