namespace MLNet.Pruning.Datasets;

/// <summary>The four files of MNIST and of the data sets that took over its format, under the names they are published with.</summary>
static class MnistFiles
{
    const int Side = 28;
    const int Classes = 10;

    /// <summary>Reads one split from <paramref name="directory"/>, which must hold its two files, each plain or gzipped.</summary>
    public static ByteImageView Load(string directory, DatasetSplit split)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string prefix = split switch
        {
            DatasetSplit.Train => "train",
            DatasetSplit.Test => "t10k",
            _ => throw new ArgumentOutOfRangeException(nameof(split), split, $"There is no such split; wanted {DatasetSplit.Train} or {DatasetSplit.Test}."),
        };
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no folder '{directory}' to load MNIST from.");
        string imageFile = Find(directory, prefix + "-images", "idx3-ubyte");
        string labelFile = Find(directory, prefix + "-labels", "idx1-ubyte");

        var (labelShape, labels) = IdxFile.Read(labelFile, rank: 1);
        var (shape, pixels) = IdxFile.Read(imageFile, rank: 3);
        if (shape[1] != Side || shape[2] != Side)
            throw IdxFile.Broken(imageFile, $"holds images of {shape[1]} x {shape[2]} pixels", $"{Side} x {Side}");
        if (shape[0] != labelShape[0])
            throw IdxFile.Broken(imageFile, $"holds {shape[0]} images", $"{labelShape[0]}, for as many labels are in '{labelFile}'");
        int bad = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        return bad < 0
            ? new ByteImageView(labels, pixels, Side * Side)
            : throw IdxFile.Broken(labelFile, $"gives image {bad} the label {labels[bad]}", $"0 to {Classes - 1}");
    }

    /// <summary>The published name has a dash before idx; archives unpacked by some tools have a dot there.</summary>
    static string Find(string directory, string stem, string kind)
    {
        string[] names = [$"{stem}-{kind}", $"{stem}-{kind}.gz", $"{stem}.{kind}", $"{stem}.{kind}.gz"];
        return names.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"'{directory}' holds neither {names[0]} nor {names[1]}.", Path.Combine(directory, names[0]));
    }
}
