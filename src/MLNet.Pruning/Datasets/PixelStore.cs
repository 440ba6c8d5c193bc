using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Datasets;

/// <summary>Images of one size as bytes, in blocks, since all of them together may exceed the size of one array.</summary>
sealed class PixelStore
{
    const int BlockBytes = 1 << 26;

    readonly byte[][] blocks;
    readonly int imagesPerBlock;

    /// <summary>Room for <paramref name="count"/> images of <paramref name="imageBytes"/> bytes, black until written.</summary>
    public PixelStore(int count, int imageBytes)
    {
        (Count, ImageBytes) = (count, imageBytes);
        imagesPerBlock = Math.Max(1, BlockBytes / imageBytes);
        blocks = new byte[((count - 1) / imagesPerBlock) + 1][];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = new byte[Math.Min(imagesPerBlock, count - (i * imagesPerBlock)) * imageBytes];
    }

    /// <summary>Takes ownership of <paramref name="pixels"/>, images one after the other.</summary>
    public PixelStore(byte[] pixels, int imageBytes)
    {
        (Count, ImageBytes) = (pixels.Length / imageBytes, imageBytes);
        imagesPerBlock = int.MaxValue;
        blocks = [pixels];
    }

    public int Count { get; }

    public int ImageBytes { get; }

    public Span<byte> this[int index] => blocks[index / imagesPerBlock].AsSpan(index % imagesPerBlock * ImageBytes, ImageBytes);

    /// <summary>Converts bytes to floats in [0, 1] by dividing by 255, eight at a time.</summary>
    public static void Scale(ReadOnlySpan<byte> bytes, Span<float> floats)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 8 <= bytes.Length; i += 8)
            {
                ulong eight = BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]);
                var shorts = Vector128.WidenLower(Vector128.CreateScalar(eight).AsByte());
                var ints = Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts)).AsInt32();
                (Vector256.ConvertToSingle(ints) / 255f).CopyTo(floats[i..]);
            }
        }
        for (; i < bytes.Length; i++)
            floats[i] = bytes[i] / 255f;
    }
}
