using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>
/// An operator of LibTorch, found by its schema name and overload ("aten::add", "Tensor") on first use and called boxed.
/// Arguments go in schema order; those left out at the end get the schema's defaults.
/// </summary>
internal sealed unsafe class Op(string name, string overload = "")
{
    const int InlineCells = 128;
    nint handle;

    public override string ToString() => overload.Length == 0 ? name : $"{name}.{overload}";

    /// <summary>Calls the operator for its one tensor.</summary>
    internal Tensor Call(params ReadOnlySpan<Arg> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return Tensor.Own(Handle(result));
    }

    /// <summary>Calls an operator that works in place; its result is the first argument again.</summary>
    internal void Run(params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc NativeValue[4];
        var returned = Invoke(arguments, results, 4);
        for (var k = 0; k < returned; k++)
        {
            if (results[k].Tag == Tag.Tensor)
                Bridge.prt_release((nint)results[k].Pointer);
            else if (results[k].Tag == Tag.Tensors)
                Release(results[k]);
        }
    }

    /// <summary>Calls an operator that works in place, and gives back the tensor it worked on: its first argument.</summary>
    internal Tensor Apply(params ReadOnlySpan<Arg> arguments)
    {
        Run(arguments);
        return Unsafe.As<Tensor>(arguments[0].Reference!);
    }

    internal (Tensor, Tensor) Call2(params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc NativeValue[2];
        Invoke(arguments, results, 2);
        return (Tensor.Own(Handle(results[0])), Tensor.Own(Handle(results[1])));
    }

    internal (Tensor, Tensor, Tensor) Call3(params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc NativeValue[3];
        Invoke(arguments, results, 3);
        return (Tensor.Own(Handle(results[0])), Tensor.Own(Handle(results[1])), Tensor.Own(Handle(results[2])));
    }

    internal (Tensor, Tensor, Tensor, Tensor) Call4(params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc NativeValue[4];
        Invoke(arguments, results, 4);
        return (Tensor.Own(Handle(results[0])), Tensor.Own(Handle(results[1])), Tensor.Own(Handle(results[2])), Tensor.Own(Handle(results[3])));
    }

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    internal Tensor[] CallMany(params ReadOnlySpan<Arg> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        var tensors = new Tensor[result.Length];
        for (var k = 0; k < tensors.Length; k++)
            tensors[k] = Tensor.Own(((nint*)result.Pointer)[k]);
        Bridge.prt_free(result.Pointer);
        return tensors;
    }

    /// <summary>Calls an operator that returns a plain number or a truth value.</summary>
    internal double CallNumber(params ReadOnlySpan<Arg> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return result.Tag == Tag.Double ? result.Double : result.Int;
    }

    /// <summary>Calls an operator that returns whole numbers or a truth value.</summary>
    internal long CallInt(params ReadOnlySpan<Arg> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return result.Int;
    }

    /// <summary>Calls an operator that returns a Scalar (item).</summary>
    internal NativeValue CallValue(params ReadOnlySpan<Arg> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return result;
    }

    static nint Handle(in NativeValue value) => value.Tag == Tag.Tensor ? (nint)value.Pointer : 0;

    static void Release(in NativeValue list)
    {
        for (var k = 0; k < list.Length; k++)
            Bridge.prt_release(((nint*)list.Pointer)[k]);
        Bridge.prt_free(list.Pointer);
    }

    int Invoke(ReadOnlySpan<Arg> arguments, NativeValue* results, int room)
    {
        if (handle == 0)
            Find();
        var cells = 0;
        foreach (ref readonly var argument in arguments)
            cells += argument.Cells;

        var values = stackalloc NativeValue[arguments.Length];
        if (cells > InlineCells)
            return InvokeLarge(arguments, values, cells, results, room);
        var scratch = stackalloc long[cells];
        return Invoke(arguments, values, scratch, results, room);
    }

    int InvokeLarge(ReadOnlySpan<Arg> arguments, NativeValue* values, int cells, NativeValue* results, int room)
    {
        var scratch = (long*)NativeMemory.Alloc((nuint)cells, sizeof(long));
        try
        {
            return Invoke(arguments, values, scratch, results, room);
        }
        finally
        {
            NativeMemory.Free(scratch);
        }
    }

    int Invoke(ReadOnlySpan<Arg> arguments, NativeValue* values, long* scratch, NativeValue* results, int room)
    {
        for (var k = 0; k < arguments.Length; k++)
            scratch = Write(in arguments[k], values + k, scratch);
        int returned;
        Bridge.Check(Bridge.prt_call(handle, values, arguments.Length, results, room, &returned));
        // The arguments' own memory (the caller's frame) kept every tensor behind them alive until here.
        for (var k = 0; k < arguments.Length; k++)
            GC.KeepAlive(arguments[k].Reference);
        return returned;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long* Write(in Arg argument, NativeValue* value, long* scratch)
    {
        value->Tag = argument.Tag;
        value->Length = 0;
        switch (argument.Tag)
        {
            case Tag.Tensor:
                value->Int = Unsafe.As<Tensor>(argument.Reference!).Handle;
                return scratch;
            case Tag.None or Tag.Int or Tag.Double or Tag.Bool or Tag.Device:
                value->Int = argument.Bits;
                return scratch;
            default:
                return WriteObject(in argument, value, scratch);
        }
    }

    static long* WriteObject(in Arg argument, NativeValue* value, long* scratch)
    {
        value->Pointer = scratch;
        switch (argument.Reference)
        {
            case long[] ints:
                ints.CopyTo(new Span<long>(scratch, ints.Length));
                return Fill(value, scratch, ints.Length, ints.Length);
            case double[] doubles:
                doubles.CopyTo(new Span<double>(scratch, doubles.Length));
                return Fill(value, scratch, doubles.Length, doubles.Length);
            case bool[] bools:
                for (var k = 0; k < bools.Length; k++)
                    ((byte*)scratch)[k] = bools[k] ? (byte)1 : (byte)0;
                return Fill(value, scratch, bools.Length, bools.Length);
            case Tensor?[] tensors:
                for (var k = 0; k < tensors.Length; k++)
                    scratch[k] = argument.Tag == Tag.MaybeTensors && tensors[k] is null ? 0 : tensors[k]!.Handle;
                return Fill(value, scratch, tensors.Length, tensors.Length);
            case string text:
                var bytes = Encoding.UTF8.GetBytes(text, new Span<byte>(scratch, argument.Cells * sizeof(long)));
                return Fill(value, scratch, bytes, argument.Cells);
            case Generator generator:
                value->Int = generator.LiveHandle;
                return scratch;
            case System.Numerics.Complex complex:
                value->Double = complex.Real;
                value->Imaginary = complex.Imaginary;
                return scratch;
            default:
                throw new InvalidOperationException($"An argument of kind {argument.Tag} cannot be marshalled.");
        }
    }

    static long* Fill(NativeValue* value, long* scratch, int length, int cells)
    {
        value->Length = length;
        return scratch + cells;
    }

    internal void Find()
    {
        fixed (byte* n = Encoding.UTF8.GetBytes(name + '\0'))
        fixed (byte* o = Encoding.UTF8.GetBytes(overload + '\0'))
        {
            nint found;
            Bridge.Check(Bridge.prt_find(n, o, &found));
            handle = found;
        }
    }
}
