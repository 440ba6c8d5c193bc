using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Trainers;

/// <summary>
/// The rows of a data view as the training loop reads them. As in ML.NET's own trainers, a row without a label or with a
/// feature that is not a finite number is passed over, and counted.
/// </summary>
sealed class LabelledRows : IExampleSource
{
    readonly IDataView data;
    readonly DataViewSchema.Column label;
    readonly FeatureColumns features;
    readonly string role;
    readonly ulong classes;

    /// <param name="data">The rows.</param>
    /// <param name="label">A key of known count.</param>
    /// <param name="features">What is learnt from.</param>
    /// <param name="shape">How the values of a row are arranged; as many as the features.</param>
    /// <param name="role">What to call the rows in a message: "training set", say.</param>
    public LabelledRows(IDataView data, DataViewSchema.Column label, FeatureColumns features, IReadOnlyList<long> shape, string role)
    {
        (this.data, this.label, this.features, this.role) = (data, label, features, role);
        Shape = shape;
        classes = ((KeyDataViewType)label.Type).Count;
    }

    public IReadOnlyList<long> Shape { get; }

    public bool HasLabels => true;

    /// <summary>Unknown before they are read, as some may be passed over.</summary>
    public long? Count => null;

    /// <summary>Rows of the latest pass that had no label.</summary>
    public long WithoutLabel { get; private set; }

    /// <summary>Rows of the latest pass with a feature that was NaN or infinite.</summary>
    public long WithoutFeatures { get; private set; }

    public IExampleReader Open()
    {
        (WithoutLabel, WithoutFeatures) = (0, 0);
        return new Reader(this, data.GetRowCursor([label, .. features.Columns]));
    }

    sealed class Reader(LabelledRows rows, DataViewRowCursor cursor) : IExampleReader
    {
        readonly Func<ulong> getKey = KeyColumn.Getter(cursor, rows.label);
        readonly FeatureReader reader = rows.features.Open(cursor);
        bool found;

        public bool Read(Span<float> features, out long label)
        {
            while (cursor.MoveNext())
            {
                ulong key = getKey();
                if (key > rows.classes)
                    throw new InvalidDataException($"Row {cursor.Position} of the {rows.role} has key {key} in label column '{rows.label.Name}'; wanted 1 to {rows.classes}, or 0 where the label is missing.");
                if (key == 0)
                {
                    rows.WithoutLabel++;
                    continue;
                }
                reader.Read(features);
                if (!FiniteValues.AreAll(features))
                {
                    rows.WithoutFeatures++;
                    continue;
                }
                label = (long)key - 1;
                found = true;
                return true;
            }
            label = 0;
            return found ? false : throw rows.Nothing();
        }

        public void Dispose() => cursor.Dispose();
    }

    InvalidDataException Nothing() => new(
        WithoutLabel + WithoutFeatures == 0
            ? $"The {role} has no rows."
            : $"The {role} has no row to use: label column '{label.Name}' is missing in {WithoutLabel}, feature column '{features.Name}' is not finite in {WithoutFeatures}.");
}
