using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>One column made of others: its type, its annotations and its values.</summary>
internal sealed class ConcatenatedColumn
{
    private readonly string _name;
    private readonly string?[] _aliases;
    private readonly VectorDataViewType _type;

    // A single vector is passed on as it is, annotations and all.
    private readonly bool _isIdentity;

    public ConcatenatedColumn(IExceptionContext context, string name, DataViewSchema.Column[] sources, string?[] aliases)
    {
        _name = name;
        _aliases = aliases;
        Sources = sources;
        _isIdentity = sources.Length == 1 && sources[0].Type is VectorDataViewType;

        var itemType = sources[0].Type.GetItemType();
        int size = sources[0].Type.GetValueCount();
        foreach (var source in sources.AsSpan(1))
        {
            if (!source.Type.GetItemType().Equals(itemType))
                throw context.ExceptSchemaMismatch("inputSchema", "input", source.Name, itemType.ToString()!, source.Type.ToString()!);
            int count = source.Type.GetValueCount();
            size = size == 0 || count == 0 ? 0 : size + count;
        }
        _type = new VectorDataViewType((PrimitiveDataViewType)itemType, size);
    }

    public DataViewSchema.Column[] Sources { get; }

    public DataViewSchema.DetachedColumn MakeSchemaColumn()
    {
        if (_isIdentity)
            return new(_name, Sources[0].Type, Sources[0].Annotations);

        var annotations = new DataViewSchema.Annotations.Builder();
        if (_type.ItemType is NumberDataViewType && Array.TrueForAll(Sources, source => source.IsNormalized()))
            annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
        if (_type.Size > 0)
        {
            if (Array.Exists(Sources, source => source.Type is not VectorDataViewType || source.HasSlotNames()))
                annotations.Add(AnnotationUtils.Kinds.SlotNames, AnnotationUtils.GetNamesType(_type.Size), (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)GetSlotNames);
            int[] ranges = [.. CategoricalRanges()];
            if (ranges.Length > 0)
            {
                annotations.Add(AnnotationUtils.Kinds.CategoricalSlotRanges, new VectorDataViewType(NumberDataViewType.Int32, ranges.Length / 2, 2),
                    (ValueGetter<VBuffer<int>>)((ref VBuffer<int> value) => value = new VBuffer<int>(ranges.Length, (int[])ranges.Clone())));
            }
        }
        return new(_name, _type, annotations.ToAnnotations());
    }

    public Delegate MakeGetter(DataViewRow input)
        => _isIdentity
            ? Generic.Call<DataViewRow, DataViewSchema.Column, Delegate>(Same<int>, Sources[0].Type.RawType, input, Sources[0])
            : Generic.Call<DataViewRow, Delegate>(Concatenated<int>, _type.ItemType.RawType, input);

    private static Delegate Same<T>(DataViewRow input, DataViewSchema.Column source) => input.GetGetter<T>(input.Schema[source.Index]);

    private ValueGetter<VBuffer<T>> Concatenated<T>(DataViewRow input)
    {
        // A scalar is a vector of one.
        var getters = Array.ConvertAll(Sources, source => source.Type is VectorDataViewType ? input.GetGetter<VBuffer<T>>(input.Schema[source.Index]) : null);
        var scalars = Array.ConvertAll(Sources, source => source.Type is VectorDataViewType ? null : input.GetGetter<T>(input.Schema[source.Index]));
        var parts = new VBuffer<T>[Sources.Length];
        return (ref VBuffer<T> value) =>
        {
            int length = 0;
            int stored = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                if (getters[i] is { } getter)
                    getter(ref parts[i]);
                else
                {
                    var editor = VBufferEditor.Create(ref parts[i], 1);
                    scalars[i]!(ref editor.Values[0]);
                    parts[i] = editor.Commit();
                }
                int size = Sources[i].Type.GetValueCount();
                if (size != 0 && size != parts[i].Length)
                    throw Contracts.Except(null, "Column '{0}': expected {1} slots, but got {2}", Sources[i].Name, size, parts[i].Length);
                length = checked(length + parts[i].Length);
                stored += parts[i].GetValues().Length;
            }
            value = stored <= length / 2 ? Sparse(parts, length, stored, ref value) : Dense(parts, length, ref value);
        };
    }

    private static VBuffer<T> Sparse<T>(VBuffer<T>[] parts, int length, int stored, ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, length, stored);
        int at = 0;
        int offset = 0;
        foreach (var part in parts)
        {
            var values = part.GetValues();
            var indices = part.GetIndices();
            for (int i = 0; i < values.Length; i++)
            {
                editor.Values[at] = values[i];
                editor.Indices[at++] = offset + (part.IsDense ? i : indices[i]);
            }
            offset += part.Length;
        }
        return editor.Commit();
    }

    private static VBuffer<T> Dense<T>(VBuffer<T>[] parts, int length, ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, length);
        int offset = 0;
        foreach (var part in parts)
        {
            part.CopyTo(editor.Values, offset);
            offset += part.Length;
        }
        return editor.Commit();
    }

    // A scalar's slot is named after its column, a vector's after the column and the slot.
    private void GetSlotNames(ref VBuffer<ReadOnlyMemory<char>> value)
    {
        var names = new VectorBuilder<ReadOnlyMemory<char>>();
        names.Reset(_type.Size);
        int slot = 0;
        for (int i = 0; i < Sources.Length; i++)
        {
            string name = _aliases[i] ?? Sources[i].Name;
            if (Sources[i].Type is not VectorDataViewType vector)
            {
                names.Add(slot++, name.AsMemory());
                continue;
            }
            if (Sources[i].HasSlotNames())
            {
                VBuffer<ReadOnlyMemory<char>> own = default;
                Sources[i].GetSlotNames(ref own);
                string prefix = _aliases[i] == Sources[i].Name ? "" : name + ".";
                foreach (var pair in own.Items())
                {
                    if (!pair.Value.IsEmpty)
                        names.Add(slot + pair.Key, (prefix + pair.Value).AsMemory());
                }
            }
            slot += vector.Size;
        }
        names.GetResult(ref value);
    }

    private IEnumerable<int> CategoricalRanges()
    {
        int offset = 0;
        foreach (var source in Sources)
        {
            foreach (int bound in RangesOf(source))
                yield return bound + offset;
            offset += source.Type.GetValueCount();
        }
    }

    private static int[] RangesOf(DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType { Size: > 0 } vector
            || column.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.CategoricalSlotRanges)?.Type is not VectorDataViewType { Dimensions: [_, 2] } type
            || type.ItemType != NumberDataViewType.Int32)
            return [];
        VBuffer<int> bounds = default;
        column.Annotations.GetValue(AnnotationUtils.Kinds.CategoricalSlotRanges, ref bounds);
        int[] ranges = [.. bounds.DenseValues()];
        // Ranges that overlap, or end beyond the vector, mean nothing.
        int previous = -1;
        for (int i = 0; i < ranges.Length; i += 2)
        {
            if (ranges[i] <= previous || ranges[i + 1] < ranges[i] || ranges[i + 1] >= vector.Size)
                return [];
            previous = ranges[i + 1];
        }
        return ranges;
    }
}
