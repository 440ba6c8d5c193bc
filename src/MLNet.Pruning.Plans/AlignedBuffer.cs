namespace MLNet.Pruning.Plans;

/// <summary>Numbers at a fixed address that begins a cache line, followed by zeros for kernels that read whole vectors.</summary>
sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    const int Line = 64, Behind = 64;

    readonly T[] array;

    public AlignedBuffer(long length)
    {
        Length = checked((int)length);
        array = GC.AllocateArray<T>(checked(Length + ((Line + Behind) / sizeof(T)) + Behind), pinned: true);
        fixed (T* start = array)
            Pointer = (T*)(((nuint)start + Line - 1) & ~(nuint)(Line - 1));
    }

    public AlignedBuffer(ReadOnlySpan<T> values) : this(values.Length) => values.CopyTo(Span);

    /// <summary>Valid while this object lives.</summary>
    public T* Pointer { get; }

    public int Length { get; }

    public Span<T> Span => new(Pointer, Length);
}
