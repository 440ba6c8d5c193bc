using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>The signature of the parts of a saved normalizer.</summary>
internal delegate void SignatureLoadColumnFunction(ModelLoadContext ctx, IHost host, DataViewType typeSrc);

/// <summary>What a normalizer does to one column.</summary>
internal abstract class NormalizingFunction
{
    public abstract NormalizingTransformer.NormalizerModelParametersBase Parameters { get; }

    public abstract Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column);

    public abstract void Save(ModelSaveContext ctx);

    private protected static bool IsNormalizable(DataViewType type)
        => type.GetItemType() == NumberDataViewType.Single || type.GetItemType() == NumberDataViewType.Double;

    /// <summary>The number of slots in a file, which must be the column's.</summary>
    private protected static int ReadSize(ModelLoadContext ctx, IHost host, DataViewType type)
    {
        int size = ctx.Reader.ReadInt32();
        host.CheckDecode(size > 0);
        int expected = Math.Max(1, type.GetVectorSize());
        return size == expected
            ? size
            : throw host.Except("Normalizer expected {0} slots, but the input data column has {1} slots.", size, expected);
    }

    /// <summary>The length and the numbers; nothing is a length of zero.</summary>
    private protected static void WriteReals<T>(BinaryWriter writer, T[] values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (var value in values)
        {
            if (typeof(T) == typeof(float))
                writer.Write(float.CreateTruncating(value));
            else
                writer.Write(double.CreateTruncating(value));
        }
    }

    private protected static T[] ReadReals<T>(BinaryReader reader, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = typeof(T) == typeof(float) ? T.CreateTruncating(reader.ReadSingle()) : T.CreateTruncating(reader.ReadDouble());
        return values;
    }

    private protected static unsafe int SizeOf<T>()
        where T : unmanaged
        => sizeof(T);
}
