using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static void save(Tensor t, string location) => t.save(location);

    public static Tensor load(string location) => Tensor.load(location);

    // Tensors in files and streams.
    public partial class Tensor
    {
        /// <summary>Writes LibTorch's own archive, which Python reads too.</summary>
        public void save(string location)
        {
            Check(Bridge.prt_save(Handle, location));
        }

        public static unsafe Tensor load(string location)
        {
            nint loaded;
            Bridge.Check(Bridge.prt_load(location, &loaded));
            return Own(loaded);
        }

        /// <summary>Reads what <see cref="TensorExtensionMethods.Save(Tensor, BinaryWriter)"/> wrote.</summary>
        public static Tensor Load(BinaryReader reader) => TensorExtensionMethods.Load(reader);

        public static Tensor Load(Stream stream)
        {
            using var reader = new BinaryReader(stream);
            return Load(reader);
        }

        public static Tensor Load(string location)
        {
            if (!File.Exists(location))
                throw new FileNotFoundException(location);
            using var stream = File.OpenRead(location);
            return Load(stream);
        }

        public unsafe void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            CheckPlain("Bytes()");
            using var source = new UnmanagedMemoryStream((byte*)DataPointer, NumberOfElements * ElementSize);
            source.CopyTo(stream, bufferSize);
            GC.KeepAlive(this);
        }

        public unsafe void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            CheckPlain("Bytes()");
            var target = (byte*)DataPointer;
            for (var left = NumberOfElements * ElementSize; left > 0;)
            {
                var part = new Span<byte>(target, (int)Math.Min(left, int.MaxValue));
                stream.ReadExactly(part);
                target += part.Length;
                left -= part.Length;
            }
            GC.KeepAlive(this);
        }
    }
}
