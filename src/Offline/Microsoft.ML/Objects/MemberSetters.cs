using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Actions that fill the members of an object from the columns of a row.</summary>
internal static class MemberSetters<TRow>
    where TRow : class
{
    /// <summary>An action that sets the member to the row's current value; arrays of the right length are reused, and an empty vector leaves a missing array missing.</summary>
    public static Action<TRow> Create(BoundMember member, DataViewRow row, DataViewSchema.Column column)
    {
        var type = member.MemberType;
        if (type == typeof(string))
            return Text(member.Member, row, column);
        if (type == typeof(string[]))
            return Texts(member.Member, row, column);
        if (type.IsArray)
            return Make(nameof(Items), type.GetElementType()!, member.Member, row, column);
        if (column.Type is VectorDataViewType vector)
            return Make(nameof(Vector), vector.ItemType.RawType, member.Member, row, column);
        return Make(nameof(Direct), type, member.Member, row, column);
    }

    private static Action<TRow> Direct<T>(MemberInfo member, DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<T>(column);
        var set = Members.Writer<TRow, T>(member);
        T value = default!;
        return target =>
        {
            get(ref value);
            set(target, value);
        };
    }

    private static Action<TRow> Vector<T>(MemberInfo member, DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<T>>(column);
        var read = Members.Reader<TRow, VBuffer<T>>(member);
        var set = Members.Writer<TRow, VBuffer<T>>(member);
        return target =>
        {
            var value = read(target);
            get(ref value);
            set(target, value);
        };
    }

    private static Action<TRow> Items<T>(MemberInfo member, DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<T>>(column);
        var read = Members.Reader<TRow, T[]?>(member);
        var set = Members.Writer<TRow, T[]>(member);
        VBuffer<T> value = default;
        return target =>
        {
            get(ref value);
            var items = read(target);
            if (items is null && value.Length == 0)
                return;
            if (items is null || items.Length != value.Length || !value.IsDense)
                items = new T[value.Length];
            value.CopyTo(items);
            set(target, items);
        };
    }

    private static Action<TRow> Text(MemberInfo member, DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<ReadOnlyMemory<char>>(column);
        var set = Members.Writer<TRow, string>(member);
        ReadOnlyMemory<char> value = default;
        return target =>
        {
            get(ref value);
            set(target, value.ToString());
        };
    }

    private static Action<TRow> Texts(MemberInfo member, DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        var read = Members.Reader<TRow, string[]?>(member);
        var set = Members.Writer<TRow, string[]>(member);
        VBuffer<ReadOnlyMemory<char>> value = default;
        return target =>
        {
            get(ref value);
            var texts = read(target);
            if (texts is null && value.Length == 0)
                return;
            if (texts is null || texts.Length != value.Length)
                texts = new string[value.Length];
            foreach (var (slot, text) in value.Items(all: true))
                texts[slot] = text.ToString();
            set(target, texts);
        };
    }

    private static Action<TRow> Make(string method, Type type, params object[] arguments)
        => (Action<TRow>)typeof(MemberSetters<TRow>).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(type).Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;
}
