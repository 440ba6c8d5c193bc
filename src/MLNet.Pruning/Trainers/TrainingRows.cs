using System.Numerics;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Trainers;

/// <summary>
/// The rows of a data view as the training loop reads them: features with a label, or the images of an autoencoder. As in ML.NET's own
/// trainers, rows without a label, with a feature that is not finite, or with a weight that is not above 0 are skipped and counted.
/// </summary>
/// <param name="data">The rows.</param>
/// <param name="role">What messages call the rows, such as "training set".</param>
/// <param name="features">The feature columns.</param>
/// <param name="label">
/// A key of known count, a Boolean, or a Single to predict; null for images, whose values must be from 0 to 1.
/// </param>
/// <param name="weight">How much each row counts; null for all alike.</param>
sealed class TrainingRows(
    IDataView data, string role, FeatureColumns features, DataViewSchema.Column? label = null, DataViewSchema.Column? weight = null)
    : IExampleSource
{
    public const string WeightRole = "example weight";

    const string Remedy = "Transform the validation set with the fitted pipeline: "
        + "fit the steps before the trainer first, and transform both sets with them.";

    readonly ulong classes = label is { Type: KeyDataViewType { Count: var count } } ? count : 0;
    readonly string role = role;
    long withoutLabel, withoutFeatures, withoutWeight;

    public FeatureColumns Features => features;

    public DataViewSchema.Column? Label => label;

    /// <summary>The shape of a row; set before rows are read.</summary>
    public IReadOnlyList<long> Shape { get; set; } = [];

    /// <summary>What the pixels are multiplied by as they are read; set before rows are read.</summary>
    public float PixelFactor { get; set; } = 1;

    public DataViewSchema.Column? Weight => weight;

    public bool HasLabels => label is not null && !HasTargets;

    public bool HasTargets => label?.Type == NumberDataViewType.Single;

    public bool HasWeights => weight is not null;

    /// <summary>Unknown before the rows are read, as some may be skipped.</summary>
    public long? Count => null;

    /// <summary>Finds the weights: a column of Single.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="name">The column's name; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static DataViewSchema.Column? FindWeight(DataViewSchema schema, string? name)
    {
        if (name is null)
            return null;
        var column = FeatureColumns.Find(schema, name, WeightRole);
        return column.Type == NumberDataViewType.Single ? column : throw new ArgumentOutOfRangeException(
            null, $"Example weight column '{name}' is {column.Type}; wanted Single.");
    }

    /// <summary>Checks that a validation set matches these rows, and wraps it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has other columns, or the same keys mean other values.</exception>
    public TrainingRows Validation(IDataView set, Func<IDataView, string, TrainingRows> read)
    {
        TrainingRows rows;
        try
        {
            rows = read(set, "validation set");
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new ArgumentOutOfRangeException($"The validation set does not fit: {failure.Message} {Remedy}", failure);
        }
        if (rows.Features.Size != features.Size)
            throw Unlike($"The validation set has {rows.Features.Size} values in column '{features.Name}'", $"{features.Size}");
        if (rows.classes != classes)
            throw Unlike($"The validation set has {rows.classes} label values", $"{classes}");
        if (label is { Type: KeyDataViewType } ours
            && ClassLabels.From(ours).FirstDifference(ClassLabels.From(rows.Label!.Value)) is var (key, wanted, found))
            throw Unlike($"Key {key} of label column '{ours.Name}' is '{found}' in the validation set", $"'{wanted}'");
        (rows.Shape, rows.PixelFactor) = (Shape, PixelFactor);
        return rows;

        static ArgumentOutOfRangeException Unlike(string found, string wanted) =>
            new(null, $"{found}; wanted {wanted}, as in the training set. {Remedy}");
    }

    /// <summary>Warns how many rows the latest pass skipped, if any.</summary>
    public void WarnOfSkipped(IChannel channel)
    {
        Warn(withoutLabel, "label", label?.Name);
        Warn(withoutFeatures, "features", features.Name);
        Warn(withoutWeight, "or not positive weight", weight?.Name);

        void Warn(long skipped, string what, string? column)
        {
            if (skipped > 0)
            {
                string rows = skipped == 1 ? "row" : "rows";
                channel.Warning(
                    MessageSensitivity.Schema, $"Skipped {skipped} {rows} with missing {what} (column '{column}') during training");
            }
        }
    }

    /// <summary>
    /// The mean and the standard deviation of the labels that training uses, weighted; a deviation of 1 if all are the same. If it is
    /// cancelled, those of the rows until then.
    /// </summary>
    public (double Mean, double Deviation) LabelMoments(CancellationToken cancellation)
    {
        using var reader = Open();
        float[] values = new float[features.Size];
        var (sum, mean, squares) = (0.0, 0.0, 0.0);
        while (!cancellation.IsCancellationRequested && reader.Read(values, out _))
        {
            sum += reader.Weight;
            double difference = reader.Target - mean;
            mean += difference * (reader.Weight / sum);
            squares += reader.Weight * difference * (reader.Target - mean);
        }
        return (mean, squares > 0 && Math.Sqrt(squares / sum) is > 0 and var deviation ? deviation : 1);
    }

    /// <summary>A batch of these rows as the columns have it: without the factor of the pixels.</summary>
    public Tensor AsRead(Tensor inputs)
    {
        if (PixelFactor == 1)
            return inputs;
        var flat = inputs.flatten(1);
        int others = features.Size - features.FirstSize;
        var pixels = flat.narrow(1, 0, features.FirstSize).Times(1 / PixelFactor);
        return (others == 0 ? pixels : cat([pixels, flat.narrow(1, features.FirstSize, others)], 1)).reshape(inputs.shape);
    }

    /// <summary>The largest magnitude of a feature among the first rows; reads on only until one is above the threshold.</summary>
    public float Largest(int count, float threshold)
    {
        using var reader = Open();
        float[] values = new float[features.Size];
        float largest = 0;
        for (int row = 0; row < count && largest <= threshold && reader.Read(values, out _); row++)
        {
            foreach (float value in values.AsSpan(0, features.FirstSize))
                largest = Math.Max(largest, Math.Abs(value));
        }
        return largest;
    }

    public IExampleReader Open()
    {
        (withoutLabel, withoutFeatures, withoutWeight) = (0, 0, 0);
        return new Reader(this, data.GetRowCursor([.. new[] { label, weight }.OfType<DataViewSchema.Column>(), .. features.Columns]));
    }

    static bool IsWeight(float weight) => weight > 0 && float.IsFinite(weight);

    InvalidDataException Nothing()
    {
        if (withoutLabel + withoutFeatures + withoutWeight == 0)
            return new($"The {role} has no rows.");
        string missing = label is { } column ? $"label column '{column.Name}' is missing in {withoutLabel}, " : "";
        string zero = weight is { } factor ? $"{WeightRole} column '{factor.Name}' is not above 0 in {withoutWeight}, " : "";
        return new($"The {role} has no row to use: {missing}{zero}feature column '{features.Name}' is not finite in {withoutFeatures}.");
    }

    sealed class Reader(TrainingRows rows, DataViewRowCursor cursor) : IExampleReader
    {
        readonly Func<ulong>? getKey = rows.Label is { Type: KeyDataViewType } label ? Key(cursor, label) : null;
        readonly ValueGetter<bool>? getFlag =
            rows.Label is { } label && label.Type == BooleanDataViewType.Instance ? cursor.GetGetter<bool>(label) : null;
        readonly ValueGetter<float>? getTarget = rows.HasTargets ? cursor.GetGetter<float>(rows.Label!.Value) : null;
        readonly ValueGetter<float>? getWeight = rows.Weight is { } weight ? cursor.GetGetter<float>(weight) : null;
        readonly FeatureReader reader = rows.Features.Open(cursor);
        float target, weight = 1;
        bool flag, found;

        public float Target => target;

        public float Weight => weight;

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            while (cursor.MoveNext())
            {
                if (getKey is not null)
                {
                    ulong key = getKey();
                    if (key > rows.classes)
                    {
                        throw Wrong($"has key {key} in label column '{rows.Label!.Value.Name}'; "
                            + $"wanted 1 to {rows.classes}, or 0 where the label is missing.");
                    }
                    if (key == 0)
                    {
                        rows.withoutLabel++;
                        continue;
                    }
                    label = (long)key - 1;
                }
                if (getFlag is not null)
                {
                    getFlag(ref flag);
                    label = flag ? 1 : 0;
                }
                getTarget?.Invoke(ref target);
                if (!float.IsFinite(target))
                {
                    rows.withoutLabel++;
                    continue;
                }
                getWeight?.Invoke(ref weight);
                if (!IsWeight(weight))
                {
                    rows.withoutWeight++;
                    continue;
                }
                reader.Read(features);
                if (!Finite.All(features))
                {
                    rows.withoutFeatures++;
                    continue;
                }
                if (rows.Label is null)
                    CheckImage(features);
                if (rows.PixelFactor != 1)
                    Multiply(features[..rows.Features.FirstSize], rows.PixelFactor);
                found = true;
                return true;
            }
            return found ? false : throw rows.Nothing();
        }

        public void Dispose() => cursor.Dispose();

        static void Multiply(Span<float> values, float factor)
        {
            foreach (ref float value in values)
                value *= factor;
        }

        void CheckImage(ReadOnlySpan<float> values)
        {
            foreach (float value in values)
            {
                if (value is < 0 or > 1)
                {
                    throw Wrong($"has a value of {value:G4} in column '{rows.Features.Name}'; an autoencoder learns values from 0 to 1. "
                        + "Divide by the largest, such as 255: scaleImage: 1f / 255 of ExtractPixels does it.");
                }
            }
        }

        InvalidDataException Wrong(string what) => new($"Row {cursor.Position} of the {rows.role} {what}");

        /// <summary>A getter of the current row's key for any raw type: 0 for missing, 1 for the first value.</summary>
        static Func<ulong> Key(DataViewRow row, DataViewSchema.Column column)
        {
            var type = column.Type.RawType;
            return type == typeof(uint) ? Key<uint>(row, column)
                : type == typeof(byte) ? Key<byte>(row, column)
                : type == typeof(ushort) ? Key<ushort>(row, column)
                : Key<ulong>(row, column);
        }

        static Func<ulong> Key<T>(DataViewRow row, DataViewSchema.Column column)
            where T : struct, IBinaryInteger<T>
        {
            var get = row.GetGetter<T>(column);
            T key = default;
            return () =>
            {
                get(ref key);
                return ulong.CreateTruncating(key);
            };
        }
    }
}
