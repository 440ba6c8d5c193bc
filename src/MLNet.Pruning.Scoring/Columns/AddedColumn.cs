using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>What a model has computed for the row that a reader stands on.</summary>
delegate ReadOnlySpan<float> RowOutput();

/// <summary>A column that a model adds, made of some of the numbers that it computes for a row.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Type">The column's type.</param>
/// <param name="Annotations">The column's annotations; null for none.</param>
/// <param name="Getter">A <see cref="ValueGetter{TValue}"/> of the type's raw type over a row's numbers.</param>
sealed record AddedColumn(string Name, DataViewType Type, DataViewSchema.Annotations? Annotations, Func<RowOutput, Delegate> Getter)
{
    /// <summary>A vector of <paramref name="length"/> of the numbers, from <paramref name="offset"/> on.</summary>
    public static AddedColumn Vector(string name, int offset, int length, DataViewSchema.Annotations? annotations = null) =>
        new(name, new VectorDataViewType(NumberDataViewType.Single, length), annotations, output => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            var editor = VBufferEditor.Create(ref value, length);
            output().Slice(offset, length).CopyTo(editor.Values);
            value = editor.Commit();
        }));

    /// <summary>One of the numbers.</summary>
    public static AddedColumn Number(string name, int offset) =>
        new(name, NumberDataViewType.Single, null, output => (ValueGetter<float>)((ref float value) => value = output()[offset]));
}
