using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// A file for a parser that makes objects of what it reads. The file is refused when the thread has allocated more since the beginning than
/// its size justifies, since few bytes of text or of a pickle can stand for large objects.
/// </summary>
/// <param name="content">The file; if its length is not known, what was read of it counts.</param>
/// <param name="factor">The bytes that may be allocated for a byte of the file.</param>
/// <param name="free">The bytes that any file may take.</param>
sealed class GuardedStream(Stream content, double factor = GuardedStream.Factor, int free = GuardedStream.Free) : Stream
{
    // The promise is four times the file and 16 MB. The rest is for the last step before a check.
    const int Factor = 4, Free = 12 << 20;

    // Text that is packed can be spaces without end, which take no memory, only time.
    const long MaximumUnpacked = 1 << 27;

    readonly long begun = GC.GetAllocatedBytesForCurrentThread();
    readonly long? length = content.CanSeek ? content.Length : null;
    long read;
    bool released;

    /// <summary>
    /// Reads a value from JSON in UTF-8. The default limits are half of the promise and less, since the last list to grow may double all,
    /// and the text may be in memory, too.
    /// </summary>
    /// <exception cref="JsonException">It is not the JSON of such a value.</exception>
    /// <exception cref="InvalidDataException">It would take too much memory.</exception>
    public static T? Json<T>(Stream utf8, JsonTypeInfo<T> type, double factor = 1.5, int free = 7 << 20) =>
        JsonSerializer.Deserialize(new GuardedStream(utf8, factor, free), type);

    /// <summary>The same for the description of a network or of columns, which is small, and may be read several times.</summary>
    public static T? Description<T>(byte[] utf8, JsonTypeInfo<T> type) => Json(new MemoryStream(utf8), type, factor: 0, free: 3 << 20);

    /// <summary>From here on, reads are not checked.</summary>
    public void Release() => released = true;

    /// <summary>Throws if the file takes too much memory, with <paramref name="more"/> bytes that are about to be allocated.</summary>
    public void Check(long more = 0)
    {
        long limit = free + (long)(factor * (length ?? read));
        if (GC.GetAllocatedBytesForCurrentThread() - begun + more > limit)
            throw new InvalidDataException($"its objects would take more than {limit:N0} bytes of memory, which is too much for its size.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (!released)
            Check();
        int count = content.Read(buffer);
        read += count;
        return length is not null || read <= MaximumUnpacked ? count
            : throw new InvalidDataException($"it unpacks to more than {MaximumUnpacked:N0} bytes.");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override bool CanRead => true;

    public override bool CanSeek => content.CanSeek;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => content.Position;
        set => content.Position = value;
    }

    public override long Seek(long offset, SeekOrigin origin) => content.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
