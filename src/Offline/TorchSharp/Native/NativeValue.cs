using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>What a <see cref="NativeValue"/> holds; the numbers are those of prt_tag in bridge.h.</summary>
internal enum Tag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    Ints = 5,
    Tensors = 6,
    String = 7,
    Device = 8,
    Doubles = 9,
    Bools = 10,
    MaybeTensors = 11,
    Generator = 12,
    Complex = 13,
}

/// <summary>prt_value of bridge.h.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal unsafe struct NativeValue
{
    [FieldOffset(0)] public Tag Tag;
    [FieldOffset(4)] public int Length;
    [FieldOffset(8)] public long Int;
    [FieldOffset(8)] public double Double;
    [FieldOffset(8)] public void* Pointer;
    [FieldOffset(16)] public double Imaginary;
}

/// <summary>prt_index of indexing.cpp.</summary>
internal struct NativeIndex
{
    internal const long Missing = long.MinValue;

    public IndexKind Kind;
    public long Start;
    public long Stop;
    public long Step;
    public nint Tensor;
}

internal enum IndexKind
{
    None = 0,
    Single = 1,
    Ellipsis = 2,
    Bool = 3,
    Tensor = 4,
    Slice = 5,
}
