using System.Numerics;
using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number of one of the tensor element types. It holds no native memory here; Dispose is part of its face.</summary>
public sealed class Scalar : IDisposable
{
    readonly Tag tag;
    readonly long bits;
    readonly ScalarType type;
    readonly Complex complex;
    bool disposed;

    internal Scalar(long value, ScalarType type)
    {
        tag = type == ScalarType.Bool ? Tag.Bool : Tag.Int;
        bits = value;
        this.type = type;
    }

    internal Scalar(double value, ScalarType type)
    {
        tag = Tag.Double;
        bits = BitConverter.DoubleToInt64Bits(value);
        this.type = type;
    }

    internal Scalar(Complex value, ScalarType type)
    {
        tag = Tag.Complex;
        complex = value;
        this.type = type;
    }

    public static implicit operator Scalar(byte value) => new((long)value, ScalarType.Int64);
    public static implicit operator Scalar(sbyte value) => new((long)value, ScalarType.Int64);
    public static implicit operator Scalar(short value) => new((long)value, ScalarType.Int64);
    public static implicit operator Scalar(int value) => new((long)value, ScalarType.Int64);
    public static implicit operator Scalar(long value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(Half value) => new((double)value, ScalarType.Float64);
    public static implicit operator Scalar(float value) => new((double)value, ScalarType.Float64);
    public static implicit operator Scalar(double value) => new(value, ScalarType.Float64);
    public static implicit operator Scalar(bool value) => new(value ? 1 : 0, ScalarType.Bool);
    public static implicit operator Scalar((float, float) value) => new(new Complex(value.Item1, value.Item2), ScalarType.ComplexFloat64);
    public static implicit operator Scalar(Complex value) => new(value, ScalarType.ComplexFloat64);

    public ScalarType Type => disposed ? throw new InvalidOperationException("Scalar invalid -- empty handle.") : type;

    Tag Kind => disposed ? throw new InvalidOperationException("Scalar invalid -- empty handle.") : tag;

    internal double AsDouble => Kind == Tag.Double ? BitConverter.Int64BitsToDouble(bits) : tag == Tag.Complex ? complex.Real : bits;

    internal long AsInt64 => Kind == Tag.Double ? (long)BitConverter.Int64BitsToDouble(bits) : tag == Tag.Complex ? (long)complex.Real : bits;

    internal Complex AsComplex => Kind == Tag.Complex ? complex : AsDouble;

    internal Arg ToArg() => Kind switch
    {
        Tag.Double => BitConverter.Int64BitsToDouble(bits),
        Tag.Complex => Arg.Complex(complex.Real, complex.Imaginary),
        Tag.Bool => bits != 0,
        _ => bits,
    };

    internal NativeValue ToNative()
    {
        var value = new NativeValue { Tag = Kind, Int = bits };
        if (tag == Tag.Complex)
            (value.Double, value.Imaginary) = (complex.Real, complex.Imaginary);
        return value;
    }

    public void Dispose() => disposed = true;
}
