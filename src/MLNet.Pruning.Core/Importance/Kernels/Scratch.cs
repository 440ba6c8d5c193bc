using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MLNet.Pruning.Importance.Kernels;

/// <summary>A pooled, pinned, cache-line-aligned buffer. Its contents are whatever was left there.</summary>
internal readonly unsafe struct Scratch<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    private readonly T[] _array;
    private readonly GCHandle _pin;

    public Scratch(long length)
    {
        _array = ArrayPool<T>.Shared.Rent(checked((int)(length + Alignment / Unsafe.SizeOf<T>())));
        _pin = GCHandle.Alloc(_array, GCHandleType.Pinned);
        var address = (nuint)(nint)_pin.AddrOfPinnedObject();
        Pointer = (T*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    public T* Pointer { get; }

    public void Dispose()
    {
        _pin.Free();
        ArrayPool<T>.Shared.Return(_array);
    }
}
