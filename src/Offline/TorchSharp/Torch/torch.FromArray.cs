using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// Tensors from .NET arrays: copies of them, or views over their memory.
public static partial class torch
{
    static readonly Op emptyForCopyOp = new("aten::empty", "memory_format");

    public static Tensor from_array(Array rawArray, Device? device = null)
    {
        var element = rawArray.GetType().GetElementType()!;
        if (element == typeof((float, float)))
            throw new NotImplementedException("from_array() for (float,float) elements.");
        return from_array(rawArray, ToScalarType(element), device ?? CPU);
    }

    /// <summary>A view over the array's own memory, unless the type or the device asks for a copy.</summary>
    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        var shape = new long[rawArray.Rank];
        for (var k = 0; k < shape.Length; k++)
            shape[k] = rawArray.GetLength(k);
        var element = rawArray.GetType().GetElementType()!;
        if (element == typeof((float, float)))
            return tensor(rawArray.Cast<(float, float)>().ToArray(), shape, dtype, device, requires_grad, names);
        return Converted(Over(rawArray, ToScalarType(element), shape, 0), dtype, device, requires_grad, names);
    }

    public static Tensor as_tensor(Tensor data, ScalarType? dtype = null, Device? device = null)
    {
        var type = dtype ?? data.dtype;
        var place = device ?? data.device;
        if (type != data.dtype && device is not null)
            return data.to(type, place).requires_grad_(data.requires_grad);
        if (type != data.dtype)
            return data.to(type).requires_grad_(data.requires_grad);
        return device is not null ? data.to(place).requires_grad_(data.requires_grad) : data.alias();
    }

    /// <summary>A view over part of the array; offset and count are in elements.</summary>
    public static Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        var length = rawArray.LongLength;
        if (offset < 0 || offset >= length)
            throw new ArgumentException($"invalid value for 'offset': {offset}");
        if (count < 0)
            count = length - offset;
        if (count > length - offset)
            throw new IndexOutOfRangeException($"element count is too large: {count}");
        var type = ToScalarType(rawArray.GetType().GetElementType()!);
        if (type == ScalarType.ComplexFloat32)
            throw new NotImplementedException("frombuffer(ComplexFloat32)");
        return Converted(Over(rawArray, type, [count], offset * type.ElementSize()), dtype, null, requires_grad, null);
    }

    static Span<T> Flat<T>(Array values) where T : unmanaged =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(values)), values.Length);

    /// <summary>A tensor of its own memory with the first values of the span in it.</summary>
    static unsafe Tensor FromValues<T>(ReadOnlySpan<T> values, ReadOnlySpan<long> dimensions, ScalarType? dtype, Device? device,
        bool requiresGrad, string[]? names = null) where T : unmanaged
    {
        var type = ToScalarType(typeof(T));
        var count = 1L;
        foreach (var extent in dimensions)
            count *= extent;
        if (count > values.Length)
            throw new ArgumentException($"mismatched total size creating a tensor from an array: {count} vs. {values.Length}");
        var made = emptyForCopyOp.Call(dimensions.ToArray(), type, Arg.None, CPU);
        if (count > 0)
            values[..(int)count].CopyTo(new Span<T>((void*)made.DataPointer, (int)count));
        return Converted(made, dtype, device, requiresGrad, names);
    }

    static unsafe Tensor Over(Array array, ScalarType type, long[] shape, long byteOffset)
    {
        var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        nint handle;
        fixed (long* sizes = shape)
            if (Bridge.prt_from_blob((byte*)pin.AddrOfPinnedObject() + byteOffset, sizes, null, shape.Length, (int)type, CPU.Packed, &Unpin, GCHandle.ToIntPtr(pin), &handle) != 0)
            {
                var message = Bridge.LastError();
                pin.Free();
                throw new ExternalException(message);
            }
        return Tensor.Own(handle);
    }

    // LibTorch calls it when the last tensor over the memory is gone, on whichever thread that happens.
    [UnmanagedCallersOnly]
    static void Unpin(nint pin) => GCHandle.FromIntPtr(pin).Free();

    static Tensor Converted(Tensor made, ScalarType? dtype, Device? device, bool requiresGrad, string[]? names)
    {
        device = InitializeDevice(device);
        var type = dtype ?? made.dtype;
        if (device.type != DeviceType.CPU)
            made = made.to(type, device, disposeAfter: true);
        else if (type != made.dtype)
            made = made.to_type(type, disposeAfter: true);
        return Made(made, requiresGrad, names);
    }

    static Tensor Made(Tensor made, bool requiresGrad, string[]? names)
    {
        if (requiresGrad)
            made.requires_grad = true;
        if (names is { Length: > 0 })
            throw new NotSupportedException("The offline stack does not support named dimensions.");
        return made;
    }

    static readonly (Type Dotnet, ScalarType Type)[] elementTypes =
    [
        (typeof(bool), ScalarType.Bool), (typeof(byte), ScalarType.Byte), (typeof(sbyte), ScalarType.Int8), (typeof(short), ScalarType.Int16),
        (typeof(int), ScalarType.Int32), (typeof(long), ScalarType.Int64), (typeof(Half), ScalarType.Float16), (typeof(float), ScalarType.Float32),
        (typeof(double), ScalarType.Float64), (typeof((float, float)), ScalarType.ComplexFloat32), (typeof(Complex), ScalarType.ComplexFloat64),
    ];

    internal static ScalarType ToScalarType(Type dotnet)
    {
        foreach (var pair in elementTypes)
            if (pair.Dotnet == dotnet)
                return pair.Type;
        throw new NotSupportedException($"The type {dotnet.FullName} is not supported.");
    }

    internal static Type? DotnetType(ScalarType type)
    {
        foreach (var pair in elementTypes)
            if (pair.Type == type)
                return pair.Dotnet;
        return null;
    }
}
