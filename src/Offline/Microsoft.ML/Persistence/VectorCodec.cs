using System.Runtime.InteropServices;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data.IO;

/// <summary>
/// The number of vectors; their common length, or 0 and each one's length; how many values each stores, or -1 if it is
/// dense; the number of indices; all indices; all values as their own codec writes them.
/// </summary>
internal sealed class VectorCodec<T>(VectorDataViewType type, Codec<T> items) : Codec<VBuffer<T>>("VBuffer", type)
{
    public override void Write(BinaryWriter writer, ReadOnlySpan<VBuffer<T>> values)
    {
        int common = type.Size > 0 ? type.Size : values.Length > 0 ? values[0].Length : 0;
        List<int> lengths = [];
        List<int> counts = [];
        List<int> indices = [];
        List<T> stored = [];
        foreach (var vector in values)
        {
            if (type.Size > 0 && vector.Length != type.Size)
                throw Contracts.Except($"Length mismatch: expected {type.Size} slots but got {vector.Length}");
            if (vector.Length != common)
                common = 0;
            lengths.Add(vector.Length);
            counts.Add(vector.IsDense ? -1 : vector.GetValues().Length);
            indices.AddRange(vector.GetIndices());
            stored.AddRange(vector.GetValues());
        }

        writer.Write(values.Length);
        writer.Write(common);
        if (common == 0)
            Write(writer, lengths);
        Write(writer, counts);
        writer.Write(indices.Count);
        Write(writer, indices);
        items.Write(writer, CollectionsMarshal.AsSpan(stored));
    }

    public override VBuffer<T>[] Read(BinaryReader reader, int count)
    {
        Contracts.CheckDecode(reader.ReadInt32() == count);
        int common = reader.ReadInt32();
        Contracts.CheckDecode(type.IsKnownSize ? common == type.Size : common >= 0);
        int[] lengths = common > 0 ? Enumerable.Repeat(common, count).ToArray() : ReadNumbers(reader, count);
        int[] counts = ReadNumbers(reader, count);
        int[] indices = ReadNumbers(reader, reader.ReadInt32());
        var stored = items.Read(reader, Enumerable.Range(0, count).Sum(i => counts[i] < 0 ? lengths[i] : counts[i]));

        var vectors = new VBuffer<T>[count];
        int nextIndex = 0;
        int nextValue = 0;
        for (int i = 0; i < count; i++)
        {
            bool dense = counts[i] == -1;
            int size = dense ? lengths[i] : counts[i];
            Contracts.CheckDecode(dense || (0 <= size && size < lengths[i] && size <= indices.Length - nextIndex));
            var itsIndices = dense ? null : indices[nextIndex..(nextIndex + size)];
            for (int j = 0; j < itsIndices?.Length; j++)
                Contracts.CheckDecode(itsIndices[j] < lengths[i] && itsIndices[j] > (j == 0 ? -1 : itsIndices[j - 1]));
            vectors[i] = new VBuffer<T>(lengths[i], size, stored[nextValue..(nextValue + size)], itsIndices);
            nextIndex += itsIndices?.Length ?? 0;
            nextValue += size;
        }
        return vectors;
    }

    protected override void WriteParameters(BinaryWriter writer)
    {
        items.WriteDefinition(writer);
        writer.Write(type.Dimensions.Length);
        Write(writer, type.Dimensions);
    }

    protected override ValueGetter<VBuffer<T>> GetterOf(VBuffer<T> value) => (ref VBuffer<T> destination) => value.CopyTo(ref destination);

    private static void Write(BinaryWriter writer, IEnumerable<int> numbers)
    {
        foreach (int number in numbers)
            writer.Write(number);
    }

    private static int[] ReadNumbers(BinaryReader reader, int count)
    {
        Contracts.CheckDecode(count >= 0 && count <= (reader.BaseStream.Length - reader.BaseStream.Position) / sizeof(int));
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++)
            numbers[i] = reader.ReadInt32();
        return numbers;
    }
}
