using MLNet.Pruning.Images;
using Microsoft.ML;
using SkiaSharp;

namespace MLNet.Pruning.Datasets;

/// <summary>Lists the pictures of a folder that has a folder a class, for ML.NET's own <c>LoadImages</c>.</summary>
static class LabelledFolder
{
    const string Wanted = "wanted a folder for each class, with its .png, .jpg, .jpeg, .bmp or .gif files";

    static readonly HashSet<string> extensions = new([".png", ".jpg", ".jpeg", ".bmp", ".gif"], StringComparer.OrdinalIgnoreCase);

    /// <summary>A row of each picture, in the order of classes and paths. All files are checked.</summary>
    /// <exception cref="InvalidDataException">A class has no pictures, or a file is none.</exception>
    public static IDataView Load(DataOperationsCatalog catalog, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        directory = Path.GetFullPath(directory);
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no folder '{directory}' to load pictures from.");
        string[] classes = [.. Directory.EnumerateDirectories(directory).Where(IsVisible).Order(StringComparer.Ordinal)];
        string[][] files = Array.ConvertAll(classes, folder => Pictures(folder, SearchOption.AllDirectories));
        if (files.All(some => some.Length == 0))
        {
            int flat = Pictures(directory, SearchOption.TopDirectoryOnly).Length;
            throw new InvalidDataException(flat > 0
                ? $"'{directory}' has {flat} pictures, but no folders of classes; {Wanted}. Without labels, "
                    + "give ML.NET's LoadImages a view of their paths."
                : $"'{directory}' has no pictures; {Wanted}.");
        }
        if (Array.FindIndex(files, some => some.Length == 0) is >= 0 and var empty)
            throw new InvalidDataException($"Class folder '{classes[empty]}' has no pictures; {Wanted}, and no other folders.");
        LabelledPicture[] rows = [.. classes.Zip(files, (folder, some) => some.Select(file => new LabelledPicture
        {
            ImagePath = file,
            Label = Path.GetFileName(folder),
        })).SelectMany(some => some)];
        Check(rows);
        return catalog.LoadFromEnumerable(rows);
    }

    static string[] Pictures(string folder, SearchOption option) =>
        [.. Directory.EnumerateFiles(folder, "*", option).Where(file => extensions.Contains(Path.GetExtension(file)) && IsVisible(file))
            .Order(StringComparer.Ordinal)];

    // ".git", and "._cat.png" of macOS beside cat.png.
    static bool IsVisible(string path) => !Path.GetFileName(path).StartsWith('.');

    /// <summary>Throws for the first file, by its path, that is no picture, so that training does not stop in the middle.</summary>
    static void Check(LabelledPicture[] rows)
    {
        var failures = new InvalidDataException?[rows.Length];
        Parallel.For(0, rows.Length, (row, state) =>
        {
            failures[row] = Failure(rows[row].ImagePath);
            if (failures[row] is not null)
                state.Break(); // earlier rows are checked still
        });
        if (Array.Find(failures, failure => failure is not null) is { } first)
            throw first;
    }

    static InvalidDataException? Failure(string path)
    {
        try
        {
            byte[] file = File.ReadAllBytes(path);
            if (PngChunks.Recognizes(file))
                PngChunks.Check(file, path);
            else if (JpegMarkers.Recognizes(file))
                JpegMarkers.Check(file, path, anyColors: true);
            using var data = SKData.CreateCopy(file);
            using var codec = SKCodec.Create(data);
            return codec is not null ? null : DataFile.Broken(
                path, file.Length == 0 ? "is empty" : "cannot be read as a picture", "a whole PNG, JPEG, BMP or GIF file");
        }
        catch (InvalidDataException failure)
        {
            return failure;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new InvalidDataException($"'{path}' cannot be read: {failure.Message}", failure);
        }
    }

    sealed class LabelledPicture
    {
        public string ImagePath = "";

        public string Label = ""; // ML.NET reads it
    }
}
