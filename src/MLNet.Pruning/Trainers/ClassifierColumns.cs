using Microsoft.ML;
using Microsoft.ML.Data;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Trainers;

/// <summary>The columns that a classifier reads, checked before any row is, and those that it adds.</summary>
sealed record ClassifierColumns(string Label, string Features)
{
    // The last layer has a row of weights a class, and a scored row a number: keys without values, such as hashes, may count billions.
    const ulong MaximumClasses = 1 << 20;

    /// <summary>Finds the label: a key of known count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public DataViewSchema.Column FindLabel(DataViewSchema schema)
    {
        var column = schema.GetColumnOrNull(Label)
            ?? throw new ArgumentOutOfRangeException(null, $"Could not find label column '{Label}'. The columns are: {string.Join(", ", schema.Where(column => !column.IsHidden).Select(column => column.Name))}.");
        // ML.NET has no keys of no values: those of empty data count one.
        if (column.Type is KeyDataViewType { Count: < 2 })
            throw new ArgumentOutOfRangeException(null, $"Label column '{Label}' has only 1 distinct value, or none if the data is empty; at least two classes are needed.");
        if (column.Type is KeyDataViewType { Count: > MaximumClasses and var many })
            throw new ArgumentOutOfRangeException(null, $"Label column '{Label}' is a key of {many} values; a classifier tells at most {MaximumClasses} apart. mlContext.Transforms.Conversion.MapValueToKey(\"{Label}\") makes a key of those values alone that occur.");
        return column.Type is KeyDataViewType { Count: >= 2 }
            ? column
            : throw new ArgumentOutOfRangeException(null, $"Label column '{Label}' is {column.Type}; wanted a key of at least two values, as mlContext.Transforms.Conversion.MapValueToKey(\"{Label}\") makes one.");
    }

    /// <summary>The shape of a schema after the classifier: the columns that were there, <c>PredictedLabel</c> and <c>Score</c>.</summary>
    public SchemaShape OutputShape(SchemaShape input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var label = ShapeColumns.Find(input, Label, "label", column => column.IsKey && column.Kind == VectorKind.Scalar, "a key");
        ShapeColumns.FindFeatures(input, Features);

        SchemaShape.Column[] shared =
        [
            Doors.Column("ScoreColumnSetId", VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true),
            Doors.Column("ScoreColumnKind", VectorKind.Scalar, TextDataViewType.Instance),
            Doors.Column("ScoreValueKind", VectorKind.Scalar, TextDataViewType.Instance),
        ];
        var ofLabel = shared.ToList();
        var ofScore = shared.ToList();
        if (label.Annotations.FirstOrDefault(annotation => annotation.Name == "KeyValues") is { Kind: VectorKind.Vector, ItemType: { } values } && LabelKind.Of(values) is not null)
        {
            ofLabel.Add(Doors.Column("KeyValues", VectorKind.Vector, values));
            ofScore.Add(Doors.Column("TrainingLabelValues", VectorKind.Vector, values));
            ofScore.Add(Doors.Column("SlotNames", VectorKind.Vector, TextDataViewType.Instance));
        }
        return new SchemaShape(
        [
            .. input.Where(column => column.Name is not (ScoreColumns.PredictedLabel or ScoreColumns.Score)),
            Doors.Column(ScoreColumns.PredictedLabel, VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true, new SchemaShape(ofLabel)),
            Doors.Column(ScoreColumns.Score, VectorKind.Vector, NumberDataViewType.Single, isKey: false, new SchemaShape(ofScore)),
        ]);
    }
}
