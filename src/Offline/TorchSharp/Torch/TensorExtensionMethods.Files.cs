using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp;

// TorchSharp's own layout of a tensor in a stream: element type, dimensions, extents, bytes.
public static partial class TensorExtensionMethods
{
    public static void Save(this Tensor tensor, BinaryWriter writer)
    {
        using var copy = tensor.device_type == DeviceType.CPU ? null : tensor.to(CPU);
        var here = copy ?? tensor;
        writer.Encode((int)here.dtype);
        var shape = here.shape;
        writer.Encode(shape.Length);
        foreach (var extent in shape)
            writer.Encode(extent);
        here.WriteBytesToStream(writer.BaseStream);
    }

    public static void Save(this Tensor tensor, Stream stream)
    {
        using var writer = new BinaryWriter(stream);
        tensor.Save(writer);
        stream.Flush();
    }

    public static void Save(this Tensor tensor, string location) => tensor.Save(File.Create(location));

    public static void Load(this Tensor tensor, BinaryReader reader, bool skip = false)
    {
        if ((ScalarType)reader.Decode() != tensor.dtype)
            throw new ArgumentException("Mismatched tensor data types while loading. Make sure that the model you are loading into is exactly the same as the origin.");
        ReadInto(tensor, reader, Extents(reader), skip);
    }

    public static Tensor Load(BinaryReader reader, bool skip = false)
    {
        Tensor? tensor = null;
        Load(ref tensor, reader, skip);
        return tensor!;
    }

    public static void Load(ref Tensor? tensor, BinaryReader reader, bool skip = false)
    {
        var type = (ScalarType)reader.Decode();
        var shape = Extents(reader);
        tensor ??= skip ? zeros(shape, type) : empty(shape, type);
        ReadInto(tensor, reader, shape, skip);
    }

    static long[] Extents(BinaryReader reader)
    {
        var shape = new long[reader.Decode()];
        for (var k = 0; k < shape.Length; k++)
            shape[k] = reader.Decode();
        return shape;
    }

    static void ReadInto(Tensor tensor, BinaryReader reader, long[] shape, bool skip)
    {
        if (skip)
        {
            reader.BaseStream.Seek(tensor.NumberOfElements * tensor.ElementSize, SeekOrigin.Current);
            return;
        }
        if (!shape.AsSpan().SequenceEqual(tensor.shape))
            throw new ArgumentException("Mismatched tensor shape while loading. Make sure that the model you are loading into is exactly the same as the origin.");
        using var recording = no_grad();
        if (tensor.device_type == DeviceType.CPU)
        {
            tensor.ReadBytesFromStream(reader.BaseStream);
            return;
        }
        using var here = tensor.zeros_like(device: CPU);
        here.ReadBytesFromStream(reader.BaseStream);
        tensor.copy_(here);
    }
}
