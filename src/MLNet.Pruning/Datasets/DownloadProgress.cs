using System.Globalization;

namespace MLNet.Pruning;

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Received">Bytes that are here, those of earlier attempts counted.</param>
/// <param name="Total">Bytes of the whole file; null where the server does not say.</param>
public readonly record struct DownloadProgress(string File, long Received, long? Total)
{
    const int BarLength = 30;

    /// <summary>One line with a bar, for a console: <c>file [######      ]  51 %, 82.3 of 162.2 MB</c>.</summary>
    public override string ToString()
    {
        string received = Megabytes(Received);
        if (Total is not > 0)
            return $"{File} {received} MB";
        double done = Math.Min(1, (double)Received / Total.Value);
        string bar = new string('#', (int)(done * BarLength)).PadRight(BarLength);
        return $"{File} [{bar}] {(int)(100 * done),3} %, {received} of {Megabytes(Total.Value)} MB";
    }

    static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
}
