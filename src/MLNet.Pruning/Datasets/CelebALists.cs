using System.Globalization;
using System.Text;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Datasets;

/// <summary>The text files of CelebA: forty attributes of every picture, and which split it belongs to.</summary>
static class CelebALists
{
    /// <summary>The folder that CelebA's archive of aligned pictures unpacks to.</summary>
    public const string ImageFolder = "img_align_celeba";

    const string Attributes = "list_attr_celeba.txt", Partitions = "list_eval_partition.txt";

    const int LongText = 1000;

    /// <summary>For each of the pictures that the list has, 1 if it has the attribute and 0 if not.</summary>
    /// <param name="directory">The folder of the list.</param>
    /// <param name="attribute">The attribute.</param>
    /// <param name="files">The pictures; others in the list are passed over.</param>
    public static Dictionary<string, int> Attribute(string directory, string attribute, IReadOnlyList<string> files)
    {
        string path = Find(directory, Attributes, "Anno");
        var lines = Text(path).EnumerateLines();
        if (!lines.MoveNext() || !int.TryParse(lines.Current, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || !lines.MoveNext())
            throw Broken(path, "does not start with a number and a line of names", "the number of pictures, then the attributes' names");
        int column = -1, columns = 0;
        var names = lines.Current;
        for (var rest = names; Word(ref rest) is { IsEmpty: false } name; columns++)
        {
            if (name.SequenceEqual(attribute))
                column = columns;
        }
        if (column < 0)
            throw new ArgumentException($"'{path}' has no attribute '{attribute}'; wanted one of {Start(names)}.", nameof(attribute));
        var (values, wanted, pictures) = (new Dictionary<string, int>(), Wanted(files), 0);
        for (int line = 3; lines.MoveNext(); line++)
        {
            int words = 0;
            ReadOnlySpan<char> rest = lines.Current, picture = Word(ref rest), value = default;
            if (picture.IsEmpty)
                continue;
            for (; Word(ref rest) is { IsEmpty: false } word; words++)
            {
                if (words == column)
                    value = word;
            }
            if (words != columns)
                throw Broken(path, $"has {words + 1} words in line {line}", $"{columns + 1}: a picture and its attributes");
            if (value is not ("1" or "-1"))
                throw Broken(path, $"gives {attribute} as '{Start(value)}' in line {line}", "1 or -1");
            pictures++;
            if (wanted.TryGetValue(picture, out string? name))
                values[name] = value is "1" ? 1 : 0;
        }
        return pictures == count
            ? values
            : throw Broken(path, $"has {Format(pictures)} pictures", $"{Format(count)}, as its first line says");
    }

    /// <summary>For each of the pictures that the list has, its split: 0 (train), 1 (validation) or 2 (test).</summary>
    /// <param name="directory">The folder of the list.</param>
    /// <param name="files">The pictures; others in the list are passed over.</param>
    public static Dictionary<string, int> Partition(string directory, IReadOnlyList<string> files)
    {
        string path = Find(directory, Partitions, "Eval");
        var (values, wanted, line) = (new Dictionary<string, int>(), Wanted(files), 0);
        foreach (var text in Text(path).EnumerateLines())
        {
            line++;
            var rest = text;
            ReadOnlySpan<char> picture = Word(ref rest), split = Word(ref rest);
            if (picture.IsEmpty)
                continue;
            if (split is not ("0" or "1" or "2") || !Word(ref rest).IsEmpty)
                throw Broken(path, $"has '{Start(text)}' in line {line}", "a picture and 0, 1 or 2");
            if (wanted.TryGetValue(picture, out string? name))
                values[name] = split[0] - '0';
        }
        return values;
    }

    /// <summary>The entry of a picture in a list. A .png file may stand for the .jpg that the list names.</summary>
    public static int Of(Dictionary<string, int> list, string file, string name) =>
        list.TryGetValue(Path.GetFileName(file), out int value)
            || list.TryGetValue(Listed(file), out value)
            ? value
            : throw new InvalidDataException($"{name} says nothing of picture '{file}'; "
                + $"wanted a line that starts with {Path.GetFileName(file)}.");

    static string Find(string directory, string name, string folder) =>
        new[] { Path.Combine(directory, name), Path.Combine(directory, folder, name) }.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                $"'{directory}' holds no {name}, neither itself nor in {folder}.", Path.Combine(directory, name));

    /// <summary>The names under which a list may have the pictures.</summary>
    static HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Wanted(IReadOnlyList<string> files) =>
        files.SelectMany(file => (string[])[Path.GetFileName(file), Listed(file)]).ToHashSet().GetAlternateLookup<ReadOnlySpan<char>>();

    static string Listed(string file) => Path.GetFileNameWithoutExtension(file) + ".jpg";

    static ReadOnlySpan<char> Text(string path) => Encoding.UTF8.GetString(File.ReadAllBytes(path)).AsSpan().TrimStart('\uFEFF');

    /// <summary>As much of a text as a message needs.</summary>
    static string Start(ReadOnlySpan<char> text) => text.Length <= LongText ? text.ToString() : $"{text[..LongText]}...";

    /// <summary>Takes the next word of a line; empty at its end.</summary>
    static ReadOnlySpan<char> Word(scoped ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart();
        int end = 0;
        while (end < rest.Length && !char.IsWhiteSpace(rest[end]))
            end++;
        var word = rest[..end];
        rest = rest[end..];
        return word;
    }
}
