using Microsoft.ML.Data;
using SkiaSharp;

namespace MLNet.Pruning.Samples;

/// <summary>The picture in the body of a request.</summary>
static class UploadedPicture
{
    /// <summary>The largest body of a request.</summary>
    public const long MaximumBytes = 4 << 20;

    // A file of some kilobytes may unpack to gigabytes.
    const long MaximumPixels = 25_000_000;

    /// <summary>Reads the picture; without one, says why. The caller disposes of it.</summary>
    public static async Task<(MLImage? Image, string Problem)> Read(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        using var data = SKData.CreateCopy(body.GetBuffer().AsSpan(0, (int)body.Length));
        using var codec = SKCodec.Create(data);
        if (codec is null)
            return (null, $"The body's {body.Length:N0} bytes are no picture; wanted a PNG, JPEG, BMP or GIF file.");
        if ((long)codec.Info.Width * codec.Info.Height > MaximumPixels)
            return (null, $"The picture has {codec.Info.Width} x {codec.Info.Height} pixels; wanted at most {MaximumPixels:N0}.");
        // As MLImage decodes a file, but for files that are cut short, of which it takes what there is.
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        return codec.GetPixels(info, out byte[] pixels) == SKCodecResult.Success
            ? (MLImage.CreateFromPixels(info.Width, info.Height, MLPixelFormat.Rgba32, pixels), "")
            : (null, "The picture cannot be decoded; it is damaged or cut short.");
    }
}
