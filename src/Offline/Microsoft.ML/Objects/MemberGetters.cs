using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Getters of columns over the members of the current object.</summary>
internal static class MemberGetters<TRow>
    where TRow : class
{
    /// <summary>Readers of the members' plain values: compiled once for a view, used by all of its cursors.</summary>
    public static Delegate[] CompileReaders(BoundMember[] members) => Array.ConvertAll(members, member => Make(nameof(Compile), member.MemberType, member));

    /// <summary>A getter for the column of the member.</summary>
    public static Delegate Create(BoundMember member, Delegate reader, Func<TRow> current)
    {
        var type = member.MemberType;
        if (type == typeof(string))
        {
            var text = (Func<TRow, string?>)reader;
            return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = text(current()).AsMemory());
        }
        if (type == typeof(string[]))
            return Texts((Func<TRow, string?[]?>)reader, current);
        if (type.IsArray)
            return Make(nameof(Items), type.GetElementType()!, reader, current);
        if (member.ColumnType is VectorDataViewType vector)
            return Make(nameof(Vector), vector.ItemType.RawType, reader, current);
        if (member.ColumnType is KeyDataViewType key)
            return Key(key, reader, current);
        return Make(nameof(Direct), type, reader, current);
    }

    private static Func<TRow, T> Compile<T>(BoundMember member) => Members.Reader<TRow, T>(member.Member);

    private static ValueGetter<T> Direct<T>(Func<TRow, T> read, Func<TRow> current) => (ref T value) => value = read(current());

    private static ValueGetter<VBuffer<T>> Vector<T>(Func<TRow, VBuffer<T>> read, Func<TRow> current)
        => (ref VBuffer<T> value) => read(current()).CopyTo(ref value);

    private static ValueGetter<VBuffer<T>> Items<T>(Func<TRow, T[]?> read, Func<TRow> current)
        => (ref VBuffer<T> value) =>
        {
            var items = read(current());
            var editor = VBufferEditor.Create(ref value, items?.Length ?? 0);
            items.AsSpan().CopyTo(editor.Values);
            value = editor.Commit();
        };

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> Texts(Func<TRow, string?[]?> read, Func<TRow> current)
        => (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            var texts = read(current());
            var editor = VBufferEditor.Create(ref value, texts?.Length ?? 0);
            for (int i = 0; i < editor.Values.Length; i++)
                editor.Values[i] = texts![i].AsMemory();
            value = editor.Commit();
        };

    // A member counts from 0, a key from 1.
    private static Delegate Key(KeyDataViewType type, Delegate reader, Func<TRow> current)
    {
        ulong count = type.Count;
        switch (reader)
        {
            case Func<TRow, ulong> read:
                return (ValueGetter<ulong>)((ref ulong value) => value = read(current()) is var raw && raw < count ? raw + 1 : 0);
            case Func<TRow, uint> read:
                return (ValueGetter<uint>)((ref uint value) => value = read(current()) is var raw && raw < count ? raw + 1 : 0);
            case Func<TRow, byte> read:
                return (ValueGetter<byte>)((ref byte value) => value = read(current()) is var raw && raw < count ? (byte)(raw + 1) : (byte)0);
            default:
                // The real library does not take keys held in 16 bits here either.
                throw Contracts.Except($"A member of type {type.RawType} cannot be read as a key.");
        }
    }

    private static Delegate Make(string method, Type type, params object[] arguments)
        => (Delegate)typeof(MemberGetters<TRow>).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(type).Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;
}
