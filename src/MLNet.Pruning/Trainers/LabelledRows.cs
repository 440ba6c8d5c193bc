using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Trainers;

/// <summary>
/// The rows of a data view as the training loop reads them. As in ML.NET's own trainers, a row without a label or with a
/// feature that is not a finite number is passed over, and counted.
/// </summary>
internal sealed class LabelledRows : IExampleSource
{
    private readonly IDataView _data;
    private readonly DataViewSchema.Column _label, _features;
    private readonly string _role;
    private readonly int _width;
    private readonly ulong _classes;

    /// <param name="data">The rows.</param>
    /// <param name="label">A key of known count.</param>
    /// <param name="features">A vector of Single of known size.</param>
    /// <param name="role">What to call the rows in a message: "training set", say.</param>
    public LabelledRows(IDataView data, DataViewSchema.Column label, DataViewSchema.Column features, string role)
    {
        (_data, _label, _features, _role) = (data, label, features, role);
        _width = ((VectorDataViewType)features.Type).Size;
        _classes = ((KeyDataViewType)label.Type).Count;
    }

    public IReadOnlyList<long> Shape => [_width];

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
        return new Reader(this, _data.GetRowCursor([_label, _features]));
    }

    private sealed class Reader(LabelledRows rows, DataViewRowCursor cursor) : IExampleReader
    {
        private readonly Func<ulong> _getKey = KeyColumn.Getter(cursor, rows._label);
        private readonly ValueGetter<VBuffer<float>> _getFeatures = cursor.GetGetter<VBuffer<float>>(rows._features);
        private VBuffer<float> _values;
        private bool _found;

        public bool Read(Span<float> features, out long label)
        {
            while (cursor.MoveNext())
            {
                ulong key = _getKey();
                if (key > rows._classes)
                {
                    throw new InvalidDataException($"Row {cursor.Position} of the {rows._role} has key {key} in label column '{rows._label.Name}'; wanted 1 to {rows._classes}, or 0 where the label is missing.");
                }
                if (key == 0)
                {
                    rows.WithoutLabel++;
                    continue;
                }
                _getFeatures(ref _values);
                FeatureColumn.Copy(_values, features, rows._features.Name);
                if (!AreFinite(features))
                {
                    rows.WithoutFeatures++;
                    continue;
                }
                label = (long)key - 1;
                _found = true;
                return true;
            }
            label = 0;
            return _found ? false : throw rows.Nothing();
        }

        public void Dispose() => cursor.Dispose();
    }

    private InvalidDataException Nothing() => new(
        WithoutLabel + WithoutFeatures == 0
            ? $"The {_role} has no rows."
            : $"The {_role} has no row to use: label column '{_label.Name}' is missing in {WithoutLabel}, feature column '{_features.Name}' is not finite in {WithoutFeatures}.");

    /// <summary>Zero times a number is zero unless the number is NaN or infinite.</summary>
    private static bool AreFinite(ReadOnlySpan<float> values)
    {
        var sum = Vector<float>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= values.Length; i += Vector<float>.Count)
        {
            sum += new Vector<float>(values[i..]) * Vector<float>.Zero;
        }
        float total = Vector.Sum(sum);
        for (; i < values.Length; i++)
        {
            total += values[i] * 0f;
        }
        return total == 0;
    }
}
