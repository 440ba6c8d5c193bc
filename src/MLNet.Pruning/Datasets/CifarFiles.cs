using MLNet.Pruning.Datasets;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning;

/// <summary>
/// The binary version of CIFAR-10 and CIFAR-100: records of one label (CIFAR-10) or a coarse and a fine one (CIFAR-100), a
/// byte each, and an image of 3 x 32 x 32 bytes, channel by channel (red, green, blue), each row by row.
/// </summary>
static class CifarFiles
{
    const int ImageBytes = 3 * 32 * 32;
    const int Batches = 5;

    /// <summary>The folders that the published archives unpack to.</summary>
    public const string Folder10 = "cifar-10-batches-bin", Folder100 = "cifar-100-binary";

    public static bool Has10(string directory, DatasetSplit split) =>
        DataFile.Find(Inside(directory, Folder10, Names10(split)), Names10(split)) is not null;

    public static bool Has100(string directory, DatasetSplit split) =>
        DataFile.Find(Inside(directory, Folder100, Names100(split)), Names100(split)) is not null;

    /// <summary>Reads CIFAR-10 from the batches that the folder has.</summary>
    public static ByteImageView Load10(string directory, DatasetSplit split)
    {
        DataFile.CheckArguments(directory, split, "CIFAR-10");
        string[] names = Names10(split);
        directory = Inside(directory, Folder10, names);
        string[] classes = Names(directory, "batches.meta.txt", CifarNames.Ten);
        var (pixels, labels) = Load(directory, names, labelBytes: 1, labelAt: 0, [classes.Length]);
        return new ByteImageView(pixels, labels, classes);
    }

    /// <summary>Reads CIFAR-100 with one of its two labels; both are checked.</summary>
    public static ByteImageView Load100(string directory, DatasetSplit split, Cifar100Labels labels)
    {
        if (!Enum.IsDefined(labels))
        {
            throw new ArgumentOutOfRangeException(
                nameof(labels), labels, $"There are no such labels; wanted {Cifar100Labels.Fine} or {Cifar100Labels.Coarse}.");
        }
        DataFile.CheckArguments(directory, split, "CIFAR-100");
        string[] names = Names100(split);
        directory = Inside(directory, Folder100, names);
        string[] coarse = Names(directory, "coarse_label_names.txt", CifarNames.Twenty);
        string[] fine = Names(directory, "fine_label_names.txt", CifarNames.Hundred);
        bool isFine = labels == Cifar100Labels.Fine;
        var (pixels, values) = Load(directory, names, labelBytes: 2, labelAt: isFine ? 1 : 0, [coarse.Length, fine.Length]);
        return new ByteImageView(pixels, values, isFine ? fine : coarse);
    }

    static string[] Names10(DatasetSplit split) =>
        split == DatasetSplit.Test ? ["test_batch.bin"] : [.. Enumerable.Range(1, Batches).Select(batch => $"data_batch_{batch}.bin")];

    static string[] Names100(DatasetSplit split) => [split == DatasetSplit.Test ? "test.bin" : "train.bin"];

    /// <summary>The given folder if it holds any of the files, else the archive's own folder inside it.</summary>
    static string Inside(string directory, string folder, string[] names)
    {
        string inner = Path.Combine(directory, folder);
        return DataFile.Find(directory, names) is null && Directory.Exists(inner) ? inner : directory;
    }

    static (PixelStore Pixels, byte[] Labels) Load(string directory, string[] names, int labelBytes, int labelAt, int[] classes)
    {
        var files = names.Select(name => DataFile.Find(directory, name)).OfType<string>().ToArray();
        if (files.Length == 0)
        {
            string wanted = names.Length == 1 ? $"{names[0]} nor {names[0]}.gz" : $"{names[0]} to {names[^1]} nor their .gz";
            throw new FileNotFoundException($"'{directory}' holds neither {wanted}.", Path.Combine(directory, names[0]));
        }
        var batches = files.Select(file => Batch(file, labelBytes, classes)).ToArray();
        int record = labelBytes + ImageBytes, row = 0;
        var pixels = new PixelStore(batches.Sum(batch => batch.Length / record), ImageBytes);
        var labels = new byte[pixels.Count];
        foreach (byte[] batch in batches)
        {
            for (int at = 0; at < batch.Length; at += record, row++)
            {
                labels[row] = batch[at + labelAt];
                batch.AsSpan(at + labelBytes, ImageBytes).CopyTo(pixels[row]);
            }
        }
        return (pixels, labels);
    }

    /// <summary>One file's records, checked.</summary>
    static byte[] Batch(string file, int labelBytes, int[] classes)
    {
        byte[] bytes = DataFile.ReadAll(file);
        int record = labelBytes + ImageBytes;
        if (bytes.Length == 0 || bytes.Length % record != 0)
        {
            string found = $"{Format(bytes.Length / record)} records and {bytes.Length % record} bytes more";
            string wanted = $"one or more whole records of {Format(record)} bytes";
            throw Broken(file, $"holds {Format(bytes.Length)} bytes: {found}", wanted);
        }
        for (int at = 0; at < bytes.Length; at += record)
        {
            for (int i = 0; i < labelBytes; i++)
            {
                if (bytes[at + i] >= classes[i])
                    throw Broken(file, $"gives image {at / record} the {Kind(i)}label {bytes[at + i]}", $"0 to {classes[i] - 1}");
            }
        }
        return bytes;

        string Kind(int i) => labelBytes == 1 ? "" : i == 0 ? "coarse " : "fine ";
    }

    /// <summary>Class names from the file that comes with the data, one a line; the published names if there is no such file.</summary>
    static string[] Names(string directory, string file, string[] published)
    {
        string path = Path.Combine(directory, file);
        if (!File.Exists(path))
            return published;
        string[] names = [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.Length == published.Length
            ? names
            : throw Broken(path, $"names {names.Length} classes", $"{published.Length}, one a line");
    }
}

/// <summary>Class names of the CIFAR data sets as published; label 0 first.</summary>
static class CifarNames
{
    public static readonly string[] Ten = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    public static readonly string[] Hundred =
    [
        "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy", "bridge", "bus",
        "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
        "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo",
        "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse",
        "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy",
        "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper",
        "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television",
        "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
    ];

    public static readonly string[] Twenty =
    [
        "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
        "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
        "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people", "reptiles", "small_mammals", "trees",
        "vehicles_1", "vehicles_2",
    ];
}

/// <summary>Which of the two labels of a CIFAR-100 image to load.</summary>
public enum Cifar100Labels
{
    /// <summary>The 100 classes: apple, aquarium fish, baby, ...</summary>
    Fine,

    /// <summary>The 20 groups of five classes each: aquatic mammals, fish, flowers, ...</summary>
    Coarse,
}
