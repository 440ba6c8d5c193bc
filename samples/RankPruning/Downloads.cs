
namespace MLNet.Pruning.Samples.RankPruning;

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
