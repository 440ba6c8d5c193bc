using System.Numerics;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>Scalars from .NET numbers and back.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => value;
    public static Scalar ToScalar(this sbyte value) => value;
    public static Scalar ToScalar(this short value) => value;
    public static Scalar ToScalar(this int value) => value;
    public static Scalar ToScalar(this long value) => value;
    public static Scalar ToScalar(this float value) => value;
    public static Scalar ToScalar(this double value) => value;
    public static Scalar ToScalar(this (float, float) value) => value;
    public static Scalar ToScalar(this Complex value) => value;
    public static Scalar ToScalar(this bool value) => value;
    public static Scalar ToScalar(this Half value) => value;

    public static Scalar ToBFloat16Scalar(this float value) =>
        new(BitConverter.Int32BitsToSingle(RoundToBFloat16(BitConverter.SingleToInt32Bits(value))), ScalarType.Float64);

    public static Half ToHalf(this Scalar value) => (Half)value.AsDouble;
    public static float ToSingle(this Scalar value) => (float)value.AsDouble;
    public static double ToDouble(this Scalar value) => value.AsDouble;
    public static sbyte ToSByte(this Scalar value) => (sbyte)value.AsInt64;
    public static byte ToByte(this Scalar value) => (byte)value.AsInt64;
    public static short ToInt16(this Scalar value) => (short)value.AsInt64;
    public static int ToInt32(this Scalar value) => (int)value.AsInt64;
    public static long ToInt64(this Scalar value) => value.AsInt64;
    public static bool ToBoolean(this Scalar value) => value.AsDouble != 0;
    public static Complex ToComplexFloat64(this Scalar value) => value.AsComplex;

    public static (float Real, float Imaginary) ToComplexFloat32(this Scalar value)
    {
        var complex = value.AsComplex;
        return ((float)complex.Real, (float)complex.Imaginary);
    }

    // Nearest, ties to even, on the upper 16 bits.
    static int RoundToBFloat16(int bits) => (bits + 0x7fff + ((bits >> 16) & 1)) & unchecked((int)0xffff0000);
}
