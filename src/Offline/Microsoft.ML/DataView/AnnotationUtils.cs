using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace Microsoft.ML.Data;

/// <summary>Names and shapes of the annotations that components agree on.</summary>
internal static class AnnotationUtils
{
    public static KeyDataViewType ScoreColumnSetIdType { get; } = new(typeof(uint), int.MaxValue);

    public static VectorDataViewType GetNamesType(int size)
    {
        Contracts.CheckParam(size > 0, nameof(size), "must be known size");
        return new VectorDataViewType(TextDataViewType.Instance, size);
    }

    public static bool HasSlotNames(this DataViewSchema.Column column, int vectorSize)
        => vectorSize != 0
            && column.Annotations.Schema.GetColumnOrNull(Kinds.SlotNames)?.Type is VectorDataViewType { ItemType: TextDataViewType } names
            && names.Size == vectorSize;

    public static bool IsNormalized(this SchemaShape.Column column)
        => column.Annotations.TryFindColumn(Kinds.IsNormalized, out var annotation)
            && annotation.Kind == VectorKind.Scalar && !annotation.IsKey && annotation.ItemType is BooleanDataViewType;

    public static bool HasSlotNames(this SchemaShape.Column column)
        => column.Kind == VectorKind.Vector
            && column.Annotations.TryFindColumn(Kinds.SlotNames, out var annotation)
            && annotation.Kind == VectorKind.Vector && !annotation.IsKey && annotation.ItemType is TextDataViewType;

    /// <summary>Whether the shape has key values that are text.</summary>
    public static bool NeedsSlotNames(this SchemaShape.Column column)
        => column.Annotations.TryFindColumn(Kinds.KeyValues, out var annotation)
            && annotation.Kind == VectorKind.Vector && annotation.ItemType is TextDataViewType;

    public static bool TryGetAnnotation<T>(this DataViewSchema schema, PrimitiveDataViewType type, string kind, int column, ref T value)
    {
        if (!type.Equals(schema[column].Annotations.Schema.GetColumnOrNull(kind)?.Type))
            return false;
        schema[column].Annotations.GetValue(kind, ref value);
        return true;
    }

    /// <summary>The largest value of a key annotation over the columns, and the column that has it (-1 if none).</summary>
    public static uint GetMaxAnnotationKind(this DataViewSchema schema, out int column, string annotationKind, Func<DataViewSchema, int, bool>? filterFunc = null)
    {
        uint maximum = 0;
        column = -1;
        for (int i = 0; i < schema.Count; i++)
        {
            if (schema[i].Annotations.Schema.GetColumnOrNull(annotationKind)?.Type is not KeyDataViewType key || key.RawType != typeof(uint))
                continue;
            if (filterFunc is not null && !filterFunc(schema, i))
                continue;
            uint value = 0;
            schema[i].Annotations.GetValue(annotationKind, ref value);
            if (maximum < value)
            {
                maximum = value;
                column = i;
            }
        }
        return maximum;
    }

    /// <summary>What a trainer says of its score column.</summary>
    public static IEnumerable<SchemaShape.Column> GetTrainerOutputAnnotation(bool isNormalized = false)
    {
        var columns = new List<SchemaShape.Column>
        {
            new(Kinds.ScoreColumnSetId, VectorKind.Scalar, NumberDataViewType.UInt32, true),
            new(Kinds.ScoreColumnKind, VectorKind.Scalar, TextDataViewType.Instance, false),
            new(Kinds.ScoreValueKind, VectorKind.Scalar, TextDataViewType.Instance, false),
        };
        if (isNormalized)
            columns.Add(new(Kinds.IsNormalized, VectorKind.Scalar, BooleanDataViewType.Instance, false));
        return columns;
    }

    /// <summary>What a multiclass trainer says of its score column: the label's key values name the slots.</summary>
    public static IEnumerable<SchemaShape.Column> AnnotationsForMulticlassScoreColumn(SchemaShape.Column? labelColumn = null)
    {
        var columns = new List<SchemaShape.Column>();
        if (labelColumn is { IsKey: true } label
            && label.Annotations.TryFindColumn(Kinds.KeyValues, out var keyValues)
            && keyValues.Kind == VectorKind.Vector)
        {
            if (keyValues.ItemType is TextDataViewType)
                columns.Add(new(Kinds.SlotNames, VectorKind.Vector, TextDataViewType.Instance, false));
            columns.Add(new(Kinds.TrainingLabelValues, VectorKind.Vector, keyValues.ItemType, false));
        }
        columns.AddRange(GetTrainerOutputAnnotation());
        return columns;
    }

    /// <summary>The names of the annotations.</summary>
    public static class Kinds
    {
        public const string SlotNames = "SlotNames";
        public const string KeyValues = "KeyValues";
        public const string ScoreColumnSetId = "ScoreColumnSetId";
        public const string ScoreColumnKind = "ScoreColumnKind";
        public const string ScoreValueKind = "ScoreValueKind";
        public const string IsNormalized = "IsNormalized";
        public const string IsUserVisible = "IsUserVisible";
        public const string TrainingLabelValues = "TrainingLabelValues";
        public const string CategoricalSlotRanges = "CategoricalSlotRanges";
    }

    /// <summary>Values that some annotations take.</summary>
    public static class Const
    {
        public static class ScoreColumnKind
        {
            public const string BinaryClassification = "BinaryClassification";
            public const string MulticlassClassification = "MulticlassClassification";
            public const string Regression = "Regression";
        }

        public static class ScoreValueKind
        {
            public const string Score = "Score";
            public const string PredictedLabel = "PredictedLabel";
            public const string Probability = "Probability";
        }
    }
}
