using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>
/// One argument of an operator, still managed: it holds on to the tensor or array behind it, so that nothing is
/// collected or moved before <see cref="Op"/> has marshalled the whole call.
/// </summary>
internal readonly struct Arg
{
    internal readonly object? Reference;
    internal readonly long Bits;
    internal readonly Tag Tag;

    Arg(Tag tag, object? reference, long bits = 0)
    {
        Tag = tag;
        Reference = reference;
        Bits = bits;
    }

    /// <summary>No value: an optional argument left out in the middle.</summary>
    internal static Arg None => default;

    public static implicit operator Arg(Tensor? tensor) => tensor is null ? default : new(Tag.Tensor, tensor);
    public static implicit operator Arg(int value) => new(Tag.Int, null, value);
    public static implicit operator Arg(long value) => new(Tag.Int, null, value);
    public static implicit operator Arg(long? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(double value) => new(Tag.Double, null, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Arg(double? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(bool value) => new(Tag.Bool, null, value ? 1 : 0);
    public static implicit operator Arg(bool? value) => value is { } v ? v : default(Arg);
    public static implicit operator Arg(ScalarType type) => new(Tag.Int, null, (long)type);
    public static implicit operator Arg(ScalarType? type) => type is { } t ? t : default(Arg);
    public static implicit operator Arg(Device? device) => device is null ? default : new(Tag.Device, null, device.Packed);
    public static implicit operator Arg(string? text) => text is null ? default : new(Tag.String, text);
    public static implicit operator Arg(long[]? values) => values is null ? default : new(Tag.Ints, values);
    public static implicit operator Arg(double[]? values) => values is null ? default : new(Tag.Doubles, values);
    public static implicit operator Arg(bool[]? values) => values is null ? default : new(Tag.Bools, values);
    public static implicit operator Arg(Tensor[]? values) => values is null ? default : new(Tag.Tensors, values);
    public static implicit operator Arg(Scalar? value) => value is null ? default : value.ToArg();
    public static implicit operator Arg(Generator? generator) => generator is null ? default : new(Tag.Generator, generator);

    /// <summary>A list in which a missing tensor is null, as index and index_put want it.</summary>
    internal static Arg Maybe(Tensor?[] values) => new(Tag.MaybeTensors, values);

    internal static Arg Complex(double real, double imaginary) => new(Tag.Complex, new System.Numerics.Complex(real, imaginary));

    /// <summary>How many 8-byte cells of scratch memory the value needs next to its <see cref="NativeValue"/>.</summary>
    internal int Cells
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Tag < Tag.Ints || Tag is Tag.Device or Tag.Generator or Tag.Complex ? 0 : ListCells();
    }

    int ListCells() => Reference switch
    {
        Array list => list.Length,
        string text => (System.Text.Encoding.UTF8.GetByteCount(text) + 7) / 8,
        _ => 0,
    };
}
