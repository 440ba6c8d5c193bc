using SkiaSharp;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Images;

/// <summary>Decodes and encodes PNG and JPEG files with SkiaSharp, which Microsoft.ML.ImageAnalytics brings.</summary>
static unsafe class PictureFile
{
    const long MaximumPixels = 1 << 27;

    /// <summary>
    /// Decodes a complete file. The check comes first, as SkiaSharp alone would fill in missing data at the end of some files.
    /// </summary>
    public static Picture Decode(ReadOnlySpan<byte> file, string name)
    {
        var (width, height, channels) = PngChunks.Recognizes(file) ? PngChunks.Check(file, name)
            : JpegMarkers.Recognizes(file) ? JpegMarkers.Check(file, name)
            : throw Broken(
                name,
                file.IsEmpty ? "is empty" : $"starts with 0x{Convert.ToHexString(file[..Math.Min(8, file.Length)])}",
                "a PNG (0x89504E47...) or JPEG (0xFFD8FF...) picture");
        fixed (byte* bytes = file)
        {
            using var data = SKData.Create((nint)bytes, file.Length);
            using var codec = SKCodec.Create(data) ?? throw Broken(name, "cannot be read", "a PNG or JPEG picture: it is damaged");
            // Not premultiplied, so that transparency does not change colours.
            var info = new SKImageInfo(
                width,
                height,
                codec.Info.ColorType == SKColorType.Gray8 ? SKColorType.Gray8 : SKColorType.Rgba8888,
                codec.Info.IsOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
            var pixels = GC.AllocateUninitializedArray<byte>(info.BytesSize);
            SKCodecResult result;
            fixed (byte* to = pixels)
                result = codec.GetPixels(info, (nint)to);
            return result == SKCodecResult.Success
                ? new Picture(width, height, channels, Repack(pixels, info.BytesPerPixel, channels))
                : throw Broken(name, $"cannot be decoded ({result})", "a whole picture: it is damaged or cut short");
        }
    }

    public static byte[] Encode(Picture picture)
    {
        var info = new SKImageInfo(
            picture.Width, picture.Height, picture.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        fixed (byte* pixels = Repack(picture.Pixels, picture.Channels, info.BytesPerPixel))
        {
            using var pixmap = new SKPixmap(info, (nint)pixels, info.RowBytes);
            using var file = pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, 9));
            return file.ToArray();
        }
    }

    public static void CheckSize(uint width, uint height, string name)
    {
        if (width == 0 || height == 0 || (ulong)width * height > MaximumPixels)
            throw Broken(name, $"announces {Format(width)} x {Format(height)} pixels", $"1 to {Format(MaximumPixels)} of them");
    }

    /// <summary>Changes the number of channels: drops the last ones, or appends channels of 255.</summary>
    static byte[] Repack(byte[] pixels, int from, int to)
    {
        if (from == to)
            return pixels;
        var packed = GC.AllocateUninitializedArray<byte>(pixels.Length / from * to);
        if (from < to)
            packed.AsSpan().Fill(255);
        int shared = Math.Min(from, to);
        for (int i = 0, o = 0; i < pixels.Length; i += from, o += to)
        {
            for (int channel = 0; channel < shared; channel++)
                packed[o + channel] = pixels[i + channel];
        }
        return packed;
    }
}
