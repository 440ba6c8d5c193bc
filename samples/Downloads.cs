using Microsoft.ML;

namespace MLNet.Pruning.Samples;

/// <summary>Shows the progress of a download on one line of a terminal.</summary>
sealed class Downloads : IProgress<DownloadProgress>
{
    public static Downloads Shown { get; } = new();

    public void Report(DownloadProgress value)
    {
        if (!Console.IsOutputRedirected)
            Console.Write($"\r\u001b[K{value}");
    }
}

/// <summary>Folders of data sets, as the command line names them.</summary>
static class DataFolder
{
    public static (IDataView Train, IDataView Test) Both(string folder, Func<string, DatasetSplit, IDataView> load) =>
        (load(folder, DatasetSplit.Train), load(folder, DatasetSplit.Test));

    /// <summary>The folder of a data set: as given, or a folder of its name to download it to.</summary>
    public static string Of(string? given, bool download, string name) => given ?? (download
        ? Path.Combine("data", name)
        : throw new ArgumentException("There is no folder with the data: name it with --data DIR, "
            + $"or say --download to fetch it into {Path.Combine("data", name)}."));
}
