using System.Text.Json;

namespace MLNet.Pruning.Recipes;

/// <summary>Where something stands in a recipe: a file or option, a line and a column. Lines and columns start at 1; 0 for none.</summary>
readonly record struct RecipePlace(string Source, long Line, long Column)
{
    public override string ToString() => Line == 0 ? Source : $"{Source}({Line},{Column})";
}

/// <summary>A part of a recipe as it is written.</summary>
abstract record RecipeNode(RecipePlace Place)
{
    /// <summary>What kind of part it is, in words.</summary>
    public abstract string Kind { get; }

    /// <summary>The part as YAML on one line, which reads as the same part.</summary>
    public abstract string ToText();
}

/// <summary>A single value.</summary>
/// <param name="Text">Its text, without quotes.</param>
/// <param name="IsQuoted">Whether it has quotes, and so is text even if it looks like a number.</param>
/// <param name="Place">Where it stands.</param>
sealed record RecipeScalar(string Text, bool IsQuoted, RecipePlace Place) : RecipeNode(Place)
{
    public bool IsNull => !IsQuoted && Text is "" or "~" or "null";

    public override string Kind => IsNull ? "nothing" : IsQuoted ? $"the text '{Text}'" : $"'{Text}'";

    // What needs quotes on one line, and had none, is text with or without them.
    public override string ToText() => IsNull ? "null"
        : !IsQuoted && Text.AsSpan().IndexOfAny(",[]{}:#'\"\n") < 0 ? Text
        : Text.Any(char.IsControl) ? JsonSerializer.Serialize(Text)
        : $"'{Text.Replace("'", "''", StringComparison.Ordinal)}'";
}

sealed record RecipeList(IReadOnlyList<RecipeNode> Items, RecipePlace Place) : RecipeNode(Place)
{
    public override string Kind => "a list";

    public override string ToText() => $"[{string.Join(", ", Items.Select(item => item.ToText()))}]";
}

sealed record RecipeMap(IReadOnlyList<RecipeEntry> Entries, RecipePlace Place) : RecipeNode(Place)
{
    public override string Kind => "a group of keys";

    public override string ToText() => $"{{{string.Join(", ", Entries.Select(entry =>
        $"{new RecipeScalar(entry.Key, false, entry.Place).ToText()}: {entry.Value.ToText()}"))}}}";

    /// <summary>The entry with a key, in any case; null if there is none.</summary>
    public RecipeEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Is(key));
}

/// <summary>A key with its value.</summary>
sealed record RecipeEntry(string Key, RecipePlace Place, RecipeNode Value)
{
    public bool Is(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);
}
