using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning;

/// <summary>
/// Downloads data sets from their own sites. A file is written under a temporary name (.part) and renamed once it is complete and its
/// checksum is right. An interrupted download continues where it stopped. Files that exist already are not downloaded again.
/// </summary>
public static class DatasetDownload
{
    const int BufferSize = 1 << 16;

    /// <summary>How long to wait for a server that sends nothing.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly HttpClient Client = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Downloads the binary version of CIFAR-10 (162 MB) and unpacks it in a folder, for <c>LoadCifar10</c>.</summary>
    /// <inheritdoc cref="FetchAsync"/>
    public static Task Cifar10Async(
        string directory, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default) =>
        FetchArchiveAsync(DatasetSites.Cifar10, directory, CifarFiles.Folder10, progress, cancellation);

    /// <summary>Downloads the binary version of CIFAR-100 (161 MB) and unpacks it in a folder, for <c>LoadCifar100</c>.</summary>
    /// <inheritdoc cref="FetchAsync"/>
    public static Task Cifar100Async(
        string directory, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default) =>
        FetchArchiveAsync(DatasetSites.Cifar100, directory, CifarFiles.Folder100, progress, cancellation);

    /// <summary>Downloads the four files of Fashion-MNIST (31 MB) into <paramref name="directory"/>, for <c>LoadFashionMnist</c>.</summary>
    /// <inheritdoc cref="FetchAsync"/>
    public static async Task FashionMnistAsync(
        string directory, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var file in DatasetSites.FashionMnist)
            await FetchAsync(file, directory, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>Downloads one file unless it exists already.</summary>
    /// <param name="file">The file.</param>
    /// <param name="directory">The folder to put it in; created if needed.</param>
    /// <param name="progress">Called after every block.</param>
    /// <param name="cancellation">Stops the download. What has arrived stays, and the next call continues from there.</param>
    /// <exception cref="IOException">
    /// There is no network, the server refuses, or the connection broke. The message names the file, its address, and where to put it by
    /// hand.
    /// </exception>
    /// <exception cref="InvalidDataException">The downloaded file has another checksum. It is deleted.</exception>
    public static async Task FetchAsync(
        DatasetFile file, string directory, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string target = Path.GetFullPath(Path.Combine(directory, file.Name)), part = target + ".part";
        if (File.Exists(target))
            return;
        Directory.CreateDirectory(directory);
        try
        {
            await ReceiveAsync(file, part, progress, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException)
        {
            long kept = File.Exists(part) ? new FileInfo(part).Length : 0;
            string keptText = kept > 0
                ? $" {Format(kept)} bytes have come and are kept; the next attempt goes on from there."
                : "";
            throw new IOException($"Cannot download '{file.Name}' from {file.Source}: {failure.Message.TrimEnd('.')}.{keptText} "
                + $"To do it by hand, get that address elsewhere and put the file at '{target}'.", failure);
        }
        string found = await ChecksumAsync(part, file.Checksum.Length, cancellation).ConfigureAwait(false);
        if (!found.Equals(file.Checksum, StringComparison.OrdinalIgnoreCase))
        {
            File.Delete(part);
            string sent = $"sent a file '{file.Name}' with the checksum {found}, which is deleted";
            throw Broken(file.Source.ToString(), sent, $"{file.Checksum}, as published");
        }
        File.Move(part, target, overwrite: true);
    }

    /// <summary>Downloads a .tar.gz and unpacks one folder of it, unless that folder exists.</summary>
    internal static async Task FetchArchiveAsync(
        DatasetFile file, string directory, string folder, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string target = Path.Combine(directory, folder);
        if (Directory.Exists(target))
            return;
        await FetchAsync(file, directory, progress, cancellation).ConfigureAwait(false);
        string archive = Path.Combine(directory, file.Name), temporary = Path.Combine(directory, $".{folder}.{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(temporary);
            var stream = File.OpenRead(archive);
            await using (stream.ConfigureAwait(false))
            {
                var unzipped = new GZipStream(stream, CompressionMode.Decompress);
                await using (unzipped.ConfigureAwait(false))
                    await TarFile.ExtractToDirectoryAsync(unzipped, temporary, overwriteFiles: false, cancellation).ConfigureAwait(false);
            }
            string inside = Path.Combine(temporary, folder);
            if (!Directory.Exists(inside))
                throw Broken(archive, $"unpacks without a folder '{folder}'", "one");
            Directory.Move(inside, target);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
        File.Delete(archive);
    }

    static async Task ReceiveAsync(DatasetFile file, string part, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            patience.CancelAfter(Patience);
            long have = File.Exists(part) ? new FileInfo(part).Length : 0;
            using var answer = await AskAsync(file.Source, have, patience.Token).ConfigureAwait(false);
            if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && have > 0)
            {
                // The server has nothing beyond what is here: the file is complete, or it is another one. The checksum decides.
                return;
            }
            answer.EnsureSuccessStatusCode();
            bool goesOn = answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == have;
            if (answer.StatusCode == HttpStatusCode.PartialContent && !goesOn)
            {
                throw new HttpRequestException($"The server answered with another range ({answer.Content.Headers.ContentRange}) "
                    + $"than the one asked for, from byte {have} on.");
            }
            have = goesOn ? have : 0;
            long? total = have + answer.Content.Headers.ContentLength;
            var target = new FileStream(part, goesOn ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None, BufferSize);
            await using (target.ConfigureAwait(false))
            {
                var source = await answer.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
                await using (source.ConfigureAwait(false))
                {
                    var buffer = new byte[BufferSize];
                    int length;
                    while ((length = await source.ReadAsync(buffer, patience.Token).ConfigureAwait(false)) > 0)
                    {
                        await target.WriteAsync(buffer.AsMemory(0, length), cancellation).ConfigureAwait(false);
                        have += length;
                        patience.CancelAfter(Patience);
                        progress?.Report(new DownloadProgress(file.Name, have, total));
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"The server has sent nothing for {Patience.TotalSeconds:0} seconds.");
        }
    }

    static async Task<HttpResponseMessage> AskAsync(Uri source, long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, source);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
    }

    /// <summary>The length of a checksum tells its kind. Checksums guard against damage, not malice: sites publish MD5.</summary>
    static async Task<string> ChecksumAsync(string path, int digits, CancellationToken cancellation)
    {
        var stream = File.OpenRead(path);
        await using (stream.ConfigureAwait(false))
        {
#pragma warning disable CA5350, CA5351 // the published checksums are of these kinds
            byte[] hash = digits switch
            {
                2 * MD5.HashSizeInBytes => await MD5.HashDataAsync(stream, cancellation).ConfigureAwait(false),
                2 * SHA1.HashSizeInBytes => await SHA1.HashDataAsync(stream, cancellation).ConfigureAwait(false),
                2 * SHA256.HashSizeInBytes => await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false),
                _ => throw new ArgumentException(
                    $"A checksum of {digits} digits is of no known kind; wanted MD5 (32), SHA-1 (40) or SHA-256 (64)."),
            };
#pragma warning restore CA5350, CA5351
            return Convert.ToHexStringLower(hash);
        }
    }
}

/// <summary>A file that can be downloaded.</summary>
/// <param name="Name">Its name in the folder it goes to.</param>
/// <param name="Source">Where it is published.</param>
/// <param name="Checksum">Its published checksum in hexadecimal digits: MD5 (32 of them), SHA-1 (40) or SHA-256 (64).</param>
public sealed record DatasetFile(string Name, Uri Source, string Checksum);

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Received">Bytes received so far, including earlier attempts.</param>
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

/// <summary>
/// The files that the data sets' own sites publish, with checksums. CelebA is missing, as its terms must be accepted by hand.
/// </summary>
static class DatasetSites
{
    const string Toronto = "https://www.cs.toronto.edu/~kriz/", Zalando = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    public static readonly DatasetFile Cifar10 = At(Toronto, "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530");

    public static readonly DatasetFile Cifar100 = At(Toronto, "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8");

    public static readonly DatasetFile[] FashionMnist =
    [
        At(Zalando, "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        At(Zalando, "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        At(Zalando, "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        At(Zalando, "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ];

    static DatasetFile At(string site, string name, string md5) => new(name, new Uri(site + name), md5);
}
