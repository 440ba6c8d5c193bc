using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Compares a score column with a label column, row by row.</summary>
internal sealed class MulticlassEvaluator(IHostEnvironment env, int topK)
{
    private readonly IHost _host = env.Register("MultiClassClassifierEvaluator");

    public MulticlassClassificationMetrics Evaluate(IDataView data, string labelColumnName, string scoreColumnName, string predictedLabelColumnName)
    {
        var label = Find(data.Schema, labelColumnName, "Label");
        var score = Find(data.Schema, scoreColumnName, "Score");
        Find(data.Schema, predictedLabelColumnName, "PredictedLabel");
        if (score.Type is not VectorDataViewType { Size: >= 2 } scoreType || scoreType.ItemType != NumberDataViewType.Single)
            throw _host.ExceptSchemaMismatch("schema", "score", score.Name, "vector of two or more items of type Single", score.Type.ToString()!);
        if (label.Type != NumberDataViewType.Single && label.Type.GetKeyCount() == 0)
            throw _host.ExceptSchemaMismatch("schema", "label", label.Name, "Single or Key", label.Type.ToString()!);

        var counters = new MulticlassCounters(scoreType.Size, topK);
        using (var cursor = data.GetRowCursor([score, label]))
            Count(cursor, label, score, counters, new float[scoreType.Size]);
        return counters.ToMetrics(_host, NamesOf(score, scoreType.Size));
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name, string role)
        => schema.GetColumnOrNull(name) ?? throw Contracts.ExceptParam(nameof(schema), $"{name} column '{role}' not found");

    private void Count(DataViewRowCursor cursor, DataViewSchema.Column labelColumn, DataViewSchema.Column scoreColumn, MulticlassCounters counters, float[] dense)
    {
        var getLabel = LabelGetter.Create(cursor, labelColumn);
        var getScore = cursor.GetGetter<VBuffer<float>>(scoreColumn);
        VBuffer<float> scores = default;
        float label = 0;
        while (cursor.MoveNext())
        {
            // Rows without a label, with one that is no class, or with scores that are no numbers count for nothing.
            getLabel(ref label);
            if (float.IsNaN(label) || label < 0 || label != (int)label)
                continue;
            getScore(ref scores);
            _host.Check(scores.Length == dense.Length);
            scores.CopyTo(dense);
            if (Array.TrueForAll(dense, float.IsFinite))
                counters.Add((int)label, dense);
        }
    }

    private static ReadOnlyMemory<char>[] NamesOf(DataViewSchema.Column score, int classes)
    {
        if (score.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.SlotNames)?.Type is VectorDataViewType { IsKnownSize: true, ItemType: TextDataViewType })
        {
            VBuffer<ReadOnlyMemory<char>> names = default;
            score.Annotations.GetValue(AnnotationUtils.Kinds.SlotNames, ref names);
            return [.. names.DenseValues()];
        }
        return [.. Enumerable.Range(0, classes).Select(i => i.ToString().AsMemory())];
    }
}

/// <summary>Reads labels as numbers: keys from zero, and not a number where the label is missing.</summary>
internal static class LabelGetter
{
    public static ValueGetter<float> Create(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType key)
            return row.GetGetter<float>(column);
        return Generic.Call<DataViewRow, DataViewSchema.Column, ValueGetter<float>>(OfKey<uint>, key.RawType, row, column);
    }

    private static ValueGetter<float> OfKey<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var key = (KeyDataViewType)column.Type;
        var source = row.GetGetter<T>(column);
        var widen = Conversions.Get<T, ulong>(key, NumberDataViewType.UInt64, out _);
        T value = default!;
        return (ref float label) =>
        {
            ulong wide = 0;
            source(ref value);
            widen(value, ref wide);
            label = wide > 0 && wide <= key.Count ? wide - 1 : float.NaN;
        };
    }
}
