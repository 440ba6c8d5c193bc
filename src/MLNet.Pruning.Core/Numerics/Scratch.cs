using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MLNet.Pruning;

/// <summary>A pooled, pinned, cache-line-aligned buffer. Its contents are whatever was left there.</summary>
readonly unsafe struct Scratch<T> : IDisposable
    where T : unmanaged
{
    const int Alignment = 64;

    readonly T[] array;
    readonly GCHandle pin;

    public Scratch(long length)
    {
        array = ArrayPool<T>.Shared.Rent(checked((int)(length + Alignment / Unsafe.SizeOf<T>())));
        pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        var address = (nuint)(nint)pin.AddrOfPinnedObject();
        Pointer = (T*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    public T* Pointer { get; }

    public Span<T> Span(int first, int length) => new(Pointer + first, length);

    public void Dispose()
    {
        pin.Free();
        ArrayPool<T>.Shared.Return(array);
    }
}
