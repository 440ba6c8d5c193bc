using System.Globalization;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The distinct values of a column, numbered from one.</summary>
internal abstract class KeyDictionary(PrimitiveDataViewType itemType)
{
    private const byte TextBlock = 0;
    private const byte TypedBlock = 1;

    public PrimitiveDataViewType ItemType { get; } = itemType;

    /// <summary>The keys' type. There is no key type without values: an empty dictionary's has one.</summary>
    public KeyDataViewType OutputType => new(typeof(uint), (ulong)Math.Max(1, Count));

    public abstract int Count { get; }

    public static KeyDictionary Create(PrimitiveDataViewType itemType)
        => Generic.Call<PrimitiveDataViewType, KeyDictionary>(Create<int>, itemType.RawType, itemType);

    public static KeyDictionary Load(ModelLoadContext ctx, IExceptionContext context)
    {
        byte kind = ctx.Reader.ReadByte();
        context.CheckDecode(kind is TextBlock or TypedBlock);
        if (kind == TypedBlock)
        {
            var type = ValueBlock.ReadType(ctx.Reader, context);
            return Generic.Call<ModelLoadContext, IExceptionContext, PrimitiveDataViewType, KeyDictionary>(LoadTyped<int>, type.RawType, ctx, context, type);
        }
        var texts = new KeyDictionary<ReadOnlyMemory<char>>(TextDataViewType.Instance);
        int count = ctx.Reader.ReadCount();
        for (int i = 0; i < count; i++)
            context.CheckDecode(texts.TryAdd(ctx.LoadNonEmptyString().AsMemory()));
        return texts;
    }

    public void Save(ModelSaveContext ctx)
    {
        ctx.Writer.Write(ItemType is TextDataViewType ? TextBlock : TypedBlock);
        SaveValues(ctx);
    }

    /// <summary>Puts the values into their natural order: numbers by size, texts by their characters' codes.</summary>
    public abstract void Sort();

    public abstract void WriteText(TextWriter writer);

    protected abstract void SaveValues(ModelSaveContext ctx);

    private static KeyDictionary Create<T>(PrimitiveDataViewType itemType)
        where T : notnull
        => new KeyDictionary<T>(itemType);

    private static KeyDictionary LoadTyped<T>(ModelLoadContext ctx, IExceptionContext context, PrimitiveDataViewType type)
        where T : notnull
    {
        var dictionary = new KeyDictionary<T>(type);
        foreach (var value in ValueBlock.Read<T>(ctx.Reader))
            context.Check(dictionary.TryAdd(value, keepMissing: true), "Duplicate items in a dictionary of terms");
        return dictionary;
    }
}

/// <inheritdoc/>
internal sealed class KeyDictionary<T>(PrimitiveDataViewType itemType) : KeyDictionary(itemType)
    where T : notnull
{
    private readonly Dictionary<T, uint> _keys = new(typeof(T) == typeof(ReadOnlyMemory<char>) ? (IEqualityComparer<T>)(object)TextComparer.Instance : null);
    private readonly Func<T, bool>? _isMissing = Conversions.IsMissing<T>(itemType);
    private readonly bool _isText = itemType is TextDataViewType;
    private List<T> _values = [];

    public override int Count => _values.Count;

    public IReadOnlyList<T> Values => _values;

    /// <summary>Adds a value that is new and not missing.</summary>
    public bool TryAdd(T value, bool keepMissing = false)
    {
        if (!keepMissing && ((_isText && Conversions.IsDefault(value)) || _isMissing?.Invoke(value) == true))
            return false;
        if (_isText)
        {
            if (_keys.ContainsKey(value))
                return false;
            // The text may be part of a buffer that goes on to hold the next row.
            value = (T)(object)((ReadOnlyMemory<char>)(object)value).ToString().AsMemory();
        }
        if (!_keys.TryAdd(value, (uint)_values.Count + 1))
            return false;
        _values.Add(value);
        return true;
    }

    /// <summary>The key of a value; zero if it has none.</summary>
    public uint Find(in T value) => _keys.GetValueOrDefault(value);

    public override void Sort()
    {
        _values = _isText
            ? [.. _values.OrderBy(value => value.ToString(), StringComparer.Ordinal)]
            : [.. _values.Order()];
        for (int i = 0; i < _values.Count; i++)
            _keys[_values[i]] = (uint)i + 1;
    }

    public override void WriteText(TextWriter writer)
    {
        writer.WriteLine(_isText
            ? string.Create(CultureInfo.InvariantCulture, $"# Number of terms = {Count}")
            : string.Create(CultureInfo.InvariantCulture, $"# Number of terms of type '{ItemType}' = {Count}"));
        var toText = ValueText.Get<T>(ItemType);
        StringBuilder text = new();
        for (int i = 0; i < _values.Count; i++)
        {
            toText(_values[i], ref text);
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i}\t{text}"));
        }
    }

    protected override void SaveValues(ModelSaveContext ctx)
    {
        if (!_isText)
        {
            ValueBlock.Write(ctx.Writer, ItemType, _values);
            return;
        }
        ctx.Writer.Write(_values.Count);
        foreach (var value in _values)
            ctx.SaveNonEmptyString(value.ToString()!);
    }

    private sealed class TextComparer : IEqualityComparer<ReadOnlyMemory<char>>
    {
        public static TextComparer Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<char> text) => string.GetHashCode(text.Span);
    }
}
