using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Datasets;

/// <summary>Loads pictures from folders, cropped to the middle square and resized: CelebA's layout, or one subfolder per class.</summary>
static class ImageFolder
{
    /// <summary>A label is stored as a byte.</summary>
    const int MaximumClasses = 256;

    /// <summary>Reads all pictures and checks each of them.</summary>
    public static ByteImageView Load(string directory, int size, int? crop, string? attribute, DatasetSplit? split, int? limit)
    {
        DataFile.CheckArguments(directory, split ?? DatasetSplit.Train, "pictures");
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(crop ?? 1, 1, nameof(crop));
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? 1, 1, nameof(limit));
        var (files, classes) = List(directory);
        if (split is { } part)
        {
            var partition = CelebALists.Partition(directory, files);
            int wanted = part == DatasetSplit.Train ? 0 : 2;
            files = [.. files.Where(file => CelebALists.Of(partition, file, "list_eval_partition.txt") == wanted)];
        }
        if (limit < files.Length)
            files = files[..limit.Value];
        if (files.Length == 0)
        {
            throw new FileNotFoundException($"'{directory}' holds no pictures{(split is null ? "" : $" of the {split} split")}; "
                + "wanted .png, .jpg or .jpeg files in it, in one folder in it, or in a folder a class.");
        }
        byte[]? labels = null;
        if (attribute is not null)
        {
            var values = CelebALists.Attribute(directory, attribute, files);
            labels = Array.ConvertAll(files, file => (byte)CelebALists.Of(values, file, "list_attr_celeba.txt"));
            classes = ["not " + attribute, attribute];
        }
        else if (classes is not null)
        {
            labels = Array.ConvertAll(files, file => (byte)Array.IndexOf(classes, Path.GetFileName(Path.GetDirectoryName(file))!));
        }
        return new ByteImageView(
            Read(files, size, crop), labels, classes, Array.ConvertAll(files, file => Path.GetRelativePath(directory, file)));
    }

    /// <summary>The pictures ordered by name, and the classes if every class has a folder.</summary>
    static (string[] Files, string[]? Classes) List(string directory)
    {
        string[] here = Pictures(directory);
        if (here.Length > 0)
            return (here, null);
        var folders = Directory.GetDirectories(directory).Order(StringComparer.Ordinal)
            .SelectMany(folder => (string[])[folder, Path.Combine(folder, CelebALists.ImageFolder)]).Where(Directory.Exists)
            .Select(folder => (Name: Path.GetFileName(folder), Files: Pictures(folder))).Where(folder => folder.Files.Length > 0).ToArray();
        if (folders.Length > MaximumClasses)
        {
            throw new InvalidDataException(
                $"'{directory}' holds {folders.Length} folders of pictures; wanted at most {MaximumClasses} classes.");
        }
        return ([.. folders.SelectMany(folder => folder.Files)], folders.Length > 1 ? [.. folders.Select(folder => folder.Name)] : null);
    }

    static string[] Pictures(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file).ToUpperInvariant() is ".PNG" or ".JPG" or ".JPEG")
            .Order(StringComparer.Ordinal)];

    static PixelStore Read(string[] files, int size, int? crop)
    {
        var pixels = new PixelStore(files.Length, 3 * size * size);
        try
        {
            Parallel.For(0, files.Length, index =>
            {
                var picture = Picture.Load(files[index]);
                int side = crop ?? Math.Min(picture.Width, picture.Height);
                if (side > picture.Width || side > picture.Height)
                {
                    string wanted = $"{side} x {side} or more, to cut that out of its middle";
                    throw Broken(files[index], $"is a picture of {picture.Width} x {picture.Height}", wanted);
                }
                picture.CropCentre(side, side).Resize(size, size).CopyPlanes(pixels[index]);
            });
        }
        catch (AggregateException failures)
        {
            // Of several failures, throw the first by name, so that the same folder gives the same message.
            var first = failures.Flatten().InnerExceptions.OrderBy(failure => failure.Message, StringComparer.Ordinal).First();
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
        return pixels;
    }
}
