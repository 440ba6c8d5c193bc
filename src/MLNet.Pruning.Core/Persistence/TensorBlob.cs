using System.Buffers.Binary;
using static TorchSharp.torch;

namespace MLNet.Pruning.Persistence;

/// <summary>A tensor as bytes: int32 type, int32 dimensions, int64 for each, then its elements, all little-endian.</summary>
static class TensorBlob
{
    // The numbers are part of the file format. They are equal to LibTorch's own.
    static readonly Dictionary<ScalarType, int> Codes = new()
    {
        [ScalarType.Byte] = 0,
        [ScalarType.Int8] = 1,
        [ScalarType.Int16] = 2,
        [ScalarType.Int32] = 3,
        [ScalarType.Int64] = 4,
        [ScalarType.Float16] = 5,
        [ScalarType.Float32] = 6,
        [ScalarType.Float64] = 7,
        [ScalarType.Bool] = 11,
        [ScalarType.BFloat16] = 15,
    };

    public static byte[] From(Tensor tensor, string name)
    {
        if (!Codes.TryGetValue(tensor.dtype, out var code))
            throw new NotSupportedException($"'{name}' holds {tensor.dtype}, which a file cannot.");
        using var scope = NewDisposeScope();
        var data = tensor.detach().cpu().contiguous();
        var shape = data.shape;
        var header = 8 + 8 * shape.Length;
        var blob = new byte[header + data.NumberOfElements * data.ElementSize];
        BinaryPrimitives.WriteInt32LittleEndian(blob, code);
        BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(4), shape.Length);
        for (var i = 0; i < shape.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(blob.AsSpan(8 + 8 * i), shape[i]);
        data.bytes.CopyTo(blob.AsSpan(header));
        return blob;
    }

    /// <summary>Size in bytes of the elements, without the header; 0 for a damaged blob.</summary>
    public static long Elements(byte[] blob) =>
        blob.Length < 8 ? 0 : Math.Max(0, blob.Length - 8 - 8L * BinaryPrimitives.ReadInt32LittleEndian(blob.AsSpan(4)));

    /// <summary>Whether a tensor has the same type, shape and elements.</summary>
    public static bool Holds(byte[] blob, Tensor tensor, string name)
    {
        using var scope = NewDisposeScope();
        var data = tensor.detach().cpu().contiguous();
        var (type, shape) = Header(blob, name, "The model");
        return type == data.dtype && shape.AsSpan().SequenceEqual(data.shape)
            && blob.AsSpan(8 + (8 * shape.Length)).SequenceEqual(data.bytes);
    }

    /// <summary>Throws if the blob's type or shape differs from the tensor's.</summary>
    public static void Check(byte[] blob, Tensor tensor, string name, string what)
    {
        var (type, shape) = Header(blob, name, what);
        if (type != tensor.dtype || !shape.AsSpan().SequenceEqual(tensor.shape))
            throw new InvalidDataException($"{what} has '{name}' as {type}[{string.Join(", ", shape)}], but the model has it as "
                + $"{tensor.dtype}[{string.Join(", ", tensor.shape)}].");
    }

    /// <summary>Copies the blob's elements into a tensor that was checked against it.</summary>
    public static void Into(byte[] blob, Tensor tensor)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var shape = tensor.shape;
        var data = empty(shape, dtype: tensor.dtype);
        blob.AsSpan(8 + 8 * shape.Length).CopyTo(data.bytes);
        tensor.copy_(data);
    }

    static (ScalarType, long[]) Header(byte[] blob, string name, string what)
    {
        var damaged = new InvalidDataException($"{what} has a tensor '{name}' that is damaged.");
        if (blob.Length < 8)
            throw damaged;
        var code = BinaryPrimitives.ReadInt32LittleEndian(blob);
        var dimensions = BinaryPrimitives.ReadInt32LittleEndian(blob.AsSpan(4));
        if (dimensions < 0 || 8 + 8L * dimensions > blob.Length || !Codes.ContainsValue(code))
            throw damaged;
        var shape = new long[dimensions];
        for (var i = 0; i < dimensions; i++)
            shape[i] = BinaryPrimitives.ReadInt64LittleEndian(blob.AsSpan(8 + 8 * i));
        var type = Codes.First(c => c.Value == code).Key;
        var count = BinaryReading.Product(shape, blob.Length);
        return count >= 0 && count * Size(type) + 8 + 8 * dimensions == blob.Length ? (type, shape) : throw damaged;
    }

    static int Size(ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        _ => 8,
    };
}
