using System.Globalization;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Datasets;

/// <summary>The text files of CelebA: forty attributes of every picture, and which split it belongs to.</summary>
static class CelebALists
{
    /// <summary>The folder that CelebA's archive of aligned pictures unpacks to.</summary>
    public const string ImageFolder = "img_align_celeba";

    const string Attributes = "list_attr_celeba.txt", Partitions = "list_eval_partition.txt";

    /// <summary>For each picture, 1 if it has the attribute and 0 if not.</summary>
    public static Dictionary<string, int> Attribute(string directory, string attribute)
    {
        string path = Find(directory, Attributes, "Anno");
        using var lines = File.ReadLines(path).GetEnumerator();
        if (!lines.MoveNext() || !int.TryParse(lines.Current, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || !lines.MoveNext())
            throw Broken(path, "does not start with a number and a line of names", "the number of pictures, then the attributes' names");
        string[] names = Words(lines.Current);
        int column = Array.IndexOf(names, attribute);
        if (column < 0)
        {
            throw new ArgumentException(
                $"'{path}' has no attribute '{attribute}'; wanted one of {string.Join(", ", names)}.", nameof(attribute));
        }
        // The count is not trusted with memory: it may be any number.
        var values = new Dictionary<string, int>();
        for (int line = 3; lines.MoveNext(); line++)
        {
            string[] words = Words(lines.Current);
            if (words.Length == 0)
                continue;
            if (words.Length != names.Length + 1)
                throw Broken(path, $"has {words.Length} words in line {line}", $"{names.Length + 1}: a picture and its attributes");
            values[words[0]] = words[column + 1] switch
            {
                "1" => 1,
                "-1" => 0,
                var other => throw Broken(path, $"gives {attribute} as '{other}' in line {line}", "1 or -1"),
            };
        }
        return values.Count == count
            ? values
            : throw Broken(path, $"has {Format(values.Count)} pictures", $"{Format(count)}, as its first line says");
    }

    /// <summary>For each picture, its split: 0 (train), 1 (validation) or 2 (test).</summary>
    public static Dictionary<string, int> Partition(string directory)
    {
        string path = Find(directory, Partitions, "Eval");
        var values = new Dictionary<string, int>();
        int line = 0;
        foreach (string text in File.ReadLines(path))
        {
            line++;
            string[] words = Words(text);
            if (words.Length == 0)
                continue;
            if (words.Length != 2 || words[1] is not ("0" or "1" or "2"))
                throw Broken(path, $"has '{text}' in line {line}", "a picture and 0, 1 or 2");
            values[words[0]] = words[1][0] - '0';
        }
        return values;
    }

    /// <summary>The entry of a picture in a list. A .png file may stand for the .jpg that the list names.</summary>
    public static int Of(Dictionary<string, int> list, string file, string name) =>
        list.TryGetValue(Path.GetFileName(file), out int value)
            || list.TryGetValue(Path.GetFileNameWithoutExtension(file) + ".jpg", out value)
            ? value
            : throw new InvalidDataException($"{name} says nothing of picture '{file}'; "
                + $"wanted a line that starts with {Path.GetFileName(file)}.");

    static string Find(string directory, string name, string folder) =>
        new[] { Path.Combine(directory, name), Path.Combine(directory, folder, name) }.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                $"'{directory}' holds no {name}, neither itself nor in {folder}.", Path.Combine(directory, name));

    static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
