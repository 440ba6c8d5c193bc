namespace MLNet.Pruning.Datasets;

/// <summary>The four files of MNIST and of the data sets that took over its format, under the names they are published with.</summary>
static class MnistFiles
{
    const int Side = 28;
    const int Classes = 10;

    /// <summary>What the ten labels of Fashion-MNIST mean, in the order in which its authors number them.</summary>
    static readonly string[] Fashion = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Reads a split of MNIST.</summary>
    public static ByteImageView Load(string directory, DatasetSplit split) => Load(directory, split, "MNIST", classNames: null);

    /// <summary>Reads a split of Fashion-MNIST.</summary>
    public static ByteImageView LoadFashion(string directory, DatasetSplit split) => Load(directory, split, "Fashion-MNIST", Fashion);

    /// <summary>Whether the folder has both files of a split.</summary>
    public static bool HasFashion(string directory, DatasetSplit split)
    {
        string prefix = split == DatasetSplit.Train ? "train" : "t10k";
        return new[] { ("images", "idx3-ubyte"), ("labels", "idx1-ubyte") }
            .All(file => DataFile.Find(directory, $"{prefix}-{file.Item1}-{file.Item2}", $"{prefix}-{file.Item1}.{file.Item2}") is not null);
    }

    /// <summary>Reads one split from <paramref name="directory"/>, which must hold its two files, each plain or gzipped.</summary>
    static ByteImageView Load(string directory, DatasetSplit split, string dataset, string[]? classNames)
    {
        DataFile.CheckArguments(directory, split, dataset);
        string prefix = split == DatasetSplit.Train ? "train" : "t10k";
        string imageFile = Find(directory, prefix + "-images", "idx3-ubyte");
        string labelFile = Find(directory, prefix + "-labels", "idx1-ubyte");

        var (labelShape, labels) = IdxFile.Read(labelFile, rank: 1);
        var (shape, pixels) = IdxFile.Read(imageFile, rank: 3);
        if (shape[1] != Side || shape[2] != Side)
            throw DataFile.Broken(imageFile, $"holds images of {shape[1]} x {shape[2]} pixels", $"{Side} x {Side}");
        if (shape[0] != labelShape[0])
            throw DataFile.Broken(imageFile, $"holds {shape[0]} images", $"{labelShape[0]}, for as many labels are in '{labelFile}'");
        int bad = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        return bad < 0
            ? new ByteImageView(new PixelStore(pixels, Side * Side), labels, classNames)
            : throw DataFile.Broken(labelFile, $"gives image {bad} the label {labels[bad]}", $"0 to {Classes - 1}");
    }

    /// <summary>The published name has a dash before idx; archives unpacked by some tools have a dot there.</summary>
    static string Find(string directory, string stem, string kind) =>
        DataFile.Find(directory, $"{stem}-{kind}", $"{stem}.{kind}")
            ?? throw new FileNotFoundException($"'{directory}' holds neither {stem}-{kind} nor {stem}-{kind}.gz.", Path.Combine(directory, $"{stem}-{kind}"));
}
