using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MLNet.Pruning.Recipes;

/// <summary>
/// Reads YAML, of which JSON is a part, into nodes. Anchors, tags and several documents in one file are refused: a recipe needs none, and a
/// file of a few lines could stand for gigabytes with them.
/// </summary>
static class RecipeText
{
    const int MaximumBytes = 1 << 18, MaximumDepth = 32;

    public static RecipeNode ReadFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException(Directory.Exists(path)
                ? $"'{path}' is a folder; a recipe is a file."
                : $"There is no recipe '{path}'.", path);
        }
        if (file.Length > MaximumBytes)
            throw new RecipeException(new(path, 0, 0), $"The file has {file.Length} bytes; a recipe has at most {MaximumBytes}.");
        return Read(File.ReadAllText(path), path);
    }

    /// <param name="text">The text of a recipe, or of a part of one.</param>
    /// <param name="source">What messages call the text: the name of a file or of an option.</param>
    /// <param name="positions">Whether messages give lines and columns.</param>
    public static RecipeNode Read(string text, string source, bool positions = true)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.Accept<DocumentStart>(out _))
                throw new RecipeException(new(source, 0, 0), "The recipe is empty. `mlprune new` writes one to begin with.");
            parser.Consume<DocumentStart>();
            var node = Node(parser, 0, Place);
            parser.Consume<DocumentEnd>();
            if (parser.Accept<DocumentStart>(out var second))
                throw new RecipeException(Place(second.Start), "A recipe is one document; a second one begins here.");
            return node;
        }
        catch (YamlException failure)
        {
            throw new RecipeException(Place(failure.Start), Reason(failure), failure);
        }
        catch (ArgumentException failure) // a tag that is no URI, or an escape that is no letter
        {
            throw new RecipeException(Place(parser.Current?.End ?? Mark.Empty),
                "This is no YAML: after this place, a tag or an escape sequence is not valid. Put text into quotes.", failure);
        }
        catch (InvalidOperationException failure) // a parser that met a mistake earlier
        {
            throw new RecipeException(Place(parser.Current?.Start ?? Mark.Empty),
                "This is no YAML. Is a bracket, a brace or a quote open?", failure);
        }

        RecipePlace Place(Mark mark) => positions ? new(source, mark.Line, mark.Column) : new(source, 0, 0);
    }

    static RecipeNode Node(IParser parser, int depth, Func<Mark, RecipePlace> place)
    {
        var at = parser.Current!.Start;
        if (depth > MaximumDepth)
            throw new RecipeException(place(at), $"Nested more than {MaximumDepth} levels deep.");
        if (parser.Current is NodeEvent { Anchor.IsEmpty: false } or AnchorAlias)
            throw new RecipeException(place(at), "Anchors (&) and aliases (*) are not supported; write the value out, or quote the text.");
        if (parser.Current is NodeEvent { Tag.IsEmpty: false } tagged)
            throw new RecipeException(place(at), $"The tag {tagged.Tag.Value} is not supported; put text into quotes.");
        if (parser.TryConsume<Scalar>(out var scalar))
            return new RecipeScalar(scalar.Value, scalar.Style is not ScalarStyle.Plain, place(at));
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<RecipeNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(Node(parser, depth + 1, place));
            return new RecipeList(items, place(at));
        }
        parser.Consume<MappingStart>();
        var entries = new List<RecipeEntry>();
        var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var keyAt = place(parser.Current!.Start);
            if (Node(parser, depth + 1, place) is not RecipeScalar key)
                throw new RecipeException(keyAt, "A key must be a name.");
            if (!keys.Add(key.Text))
            {
                throw new RecipeException(keyAt, $"'{key.Text}' stands here a second time; the first is in line "
                    + $"{entries.First(entry => entry.Is(key.Text)).Place.Line}.");
            }
            entries.Add(new(key.Text, keyAt, Node(parser, depth + 1, place)));
        }
        return new RecipeMap(entries, place(at));
    }

    static string Reason(YamlException failure)
    {
        string message = (failure.InnerException ?? failure).Message;
        int end = message.IndexOf("): ", StringComparison.Ordinal); // YamlDotNet begins with its own position
        return $"This is no YAML: {(message.StartsWith('(') && end > 0 ? message[(end + 3)..] : message)}";
    }

    /// <summary>A copy of a recipe in which one value is another, such as <c>trainer.epochs=20</c>.</summary>
    public static RecipeNode With(RecipeNode recipe, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        string source = $"--set {setting}";
        if (equals <= 0)
            throw new RecipeException(new(source, 0, 0), "A setting is a key, = and a value, such as trainer.epochs=20.");
        return With(recipe, setting[..equals].Split('.'), Read(Spaced(setting[(equals + 1)..]), source, positions: false), source);
    }

    static string Spaced(string value) => value.Length == 0 ? "null" : value;

    static RecipeNode With(RecipeNode node, ReadOnlySpan<string> path, RecipeNode value, string source)
    {
        if (path.Length == 0)
            return value;
        string key = path[0];
        switch (node)
        {
            case RecipeList list:
                if (!int.TryParse(key, out int index) || index < 0 || index >= list.Items.Count)
                {
                    throw new RecipeException(new(source, 0, 0), $"'{key}' is no position in a list of {list.Items.Count}; "
                        + "positions count from 0.");
                }
                var items = list.Items.ToArray();
                items[index] = With(items[index], path[1..], value, source);
                return list with { Items = items };
            case RecipeMap map:
                var entry = map.Find(key);
                RecipeNode inner = entry?.Value ?? new RecipeMap([], new(source, 0, 0));
                var changed = new RecipeEntry(entry?.Key ?? key, new(source, 0, 0), With(inner, path[1..], value, source));
                return map with
                {
                    Entries = entry is null ? [.. map.Entries, changed] : [.. map.Entries.Select(e => e == entry ? changed : e)],
                };
            case RecipeScalar { IsNull: true }:
                return With(new RecipeMap([], node.Place), path, value, source);
            default:
                throw new RecipeException(new(source, 0, 0), $"'{key}' cannot be set: the recipe has {node.Kind} in its place.");
        }
    }
}
