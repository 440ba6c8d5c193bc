using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Modules;

namespace TorchSharp.Native;

/// <summary>prt_slot of optimizers.cpp: a parameter and its state, for one native call over a whole group.</summary>
[StructLayout(LayoutKind.Sequential)]
struct Slot
{
    internal nint Parameter;
    internal nint First;
    internal nint Second;
    internal nint Third;
    internal long Step;
}

[InlineArray(Inline)]
struct Slots
{
    internal const int Inline = 32;
    Slot first;

    /// <summary>Room for one slot a parameter, on the caller's stack where they are few.</summary>
    internal static Span<Slot> For(Parameter[] parameters, [UnscopedRef] ref Slots few) =>
        parameters.Length <= Inline ? ((Span<Slot>)few)[..parameters.Length] : new Slot[parameters.Length];
}
