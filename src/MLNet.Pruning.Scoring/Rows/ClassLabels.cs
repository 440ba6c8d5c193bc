using System.Text;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The classes of a model: their count, and their names if the label column has them.</summary>
sealed class ClassLabels(int count, LabelValues? values)
{
    const string KeyValues = "KeyValues";

    public int Count => count;

    /// <summary>The values of the keys; null for keys without values.</summary>
    public LabelValues? Values => values;

    /// <summary>Reads the classes from a label column, which must be a key of known count.</summary>
    public static ClassLabels From(DataViewSchema.Column label)
    {
        int count = checked((int)((KeyDataViewType)label.Type).Count);
        var annotation = label.Annotations.Schema.GetColumnOrNull(KeyValues)?.Type as VectorDataViewType;
        var kind = annotation?.Size == count ? LabelKind.Of(annotation.ItemType) : null;
        return new ClassLabels(count, kind?.From(label.Annotations, KeyValues));
    }

    /// <summary>
    /// The first key, from 1, that has another name among the same number of other classes, and both names; null if there is none, or if
    /// one of the two has no names, which cannot be compared.
    /// </summary>
    public (int Key, ReadOnlyMemory<char> Name, ReadOnlyMemory<char> Other)? FirstDifference(ClassLabels other)
    {
        if (values?.Names is not { } names || other.Values?.Names is not { } others)
            return null;
        for (int i = 0; i < names.Length; i++)
        {
            if (!names[i].Span.SequenceEqual(others[i].Span))
                return (i + 1, names[i], others[i]);
        }
        return null;
    }

    /// <summary>Annotations of the predicted label. With them, MapKeyToValue gives back the label's own values.</summary>
    public DataViewSchema.Annotations PredictedLabelAnnotations(uint scoreSet)
    {
        var builder = ScoreColumns.Annotations(ScoreColumns.Multiclass, ScoreColumns.PredictedLabel, scoreSet);
        values?.Annotate(builder, KeyValues);
        return builder.ToAnnotations();
    }

    /// <summary>Annotations of the scores: the classes' names by slot, as ML.NET's evaluators expect them.</summary>
    public DataViewSchema.Annotations ScoreColumnAnnotations(uint scoreSet)
    {
        var builder = ScoreColumns.Annotations(ScoreColumns.Multiclass, ScoreColumns.Score, scoreSet);
        if (values is not null)
        {
            var names = values.Names;
            builder.Add(
                "SlotNames",
                new VectorDataViewType(TextDataViewType.Instance, count),
                (ref VBuffer<ReadOnlyMemory<char>> value) => new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref value));
            values.Annotate(builder, "TrainingLabelValues");
        }
        return builder.ToAnnotations();
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(count);
        writer.Write(values?.Kind.Tag ?? 0);
        values?.Write(writer);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static ClassLabels Read(byte[] content)
    {
        using var reader = new BinaryReader(new MemoryStream(content, writable: false), Encoding.UTF8);
        int count = reader.ReadInt32();
        byte tag = reader.ReadByte();
        // Each value takes at least one byte.
        if (count < 1 || (tag != 0 && count > Math.Min(content.Length, ClassNames.Maximum)))
        {
            throw new InvalidDataException(
                $"it says that there are {count} classes in {content.Length} bytes; wanted 1 to {ClassNames.Maximum:N0}.");
        }
        if (tag == 0)
            return new ClassLabels(count, null);
        var kind = LabelKind.Tagged(tag) ?? throw new InvalidDataException(
            $"The model's label values are of kind {tag}, which this version of MLNet.Pruning does not know.");
        return new ClassLabels(count, kind.Read(reader, count));
    }
}
