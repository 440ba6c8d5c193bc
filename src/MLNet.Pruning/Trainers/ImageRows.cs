using Microsoft.ML;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Trainers;

/// <summary>The images of a data view as the training loop reads them. A row with a value that is not a finite number is passed over, and counted.</summary>
/// <param name="data">The rows.</param>
/// <param name="column">The images.</param>
/// <param name="shape">Channels, height and width.</param>
/// <param name="role">What to call the rows in a message: "training set", say.</param>
sealed class ImageRows(IDataView data, FeatureColumns column, IReadOnlyList<long> shape, string role) : IExampleSource
{
    public IReadOnlyList<long> Shape => shape;

    public bool HasLabels => false;

    /// <summary>Unknown before they are read, as some may be passed over.</summary>
    public long? Count => null;

    /// <summary>Rows of the latest pass with a value that was NaN or infinite.</summary>
    public long Skipped { get; private set; }

    public IExampleReader Open()
    {
        Skipped = 0;
        return new Reader(this, data.GetRowCursor(column.Columns), column, role);
    }

    sealed class Reader(ImageRows rows, DataViewRowCursor cursor, FeatureColumns column, string role) : IExampleReader
    {
        readonly FeatureReader reader = column.Open(cursor);
        bool found;

        public bool Read(Span<float> features, out long label)
        {
            label = 0;
            while (cursor.MoveNext())
            {
                reader.Read(features);
                if (!FiniteValues.AreAll(features))
                {
                    rows.Skipped++;
                    continue;
                }
                foreach (float value in features)
                    if (value is < 0 or > 1)
                        throw new InvalidDataException($"Row {cursor.Position} of the {role} has a value of {value:G4} in column '{column.Name}'; an autoencoder learns values from 0 to 1. Divide by the largest, such as 255.");
                found = true;
                return true;
            }
            return found ? false : throw new InvalidDataException(
                rows.Skipped == 0 ? $"The {role} has no rows." : $"The {role} has no row to use: column '{column.Name}' is not finite in {rows.Skipped}.");
        }

        public void Dispose() => cursor.Dispose();
    }
}
