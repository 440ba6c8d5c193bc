using System.Formats.Tar;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class DatasetDownloadTests
{
    static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)((i * 31) + (i >> 9)))];

    sealed class Listener : IProgress<DownloadProgress>
    {
        public List<DownloadProgress> Told { get; } = [];

        public void Report(DownloadProgress value) => Told.Add(value);
    }

    [TestMethod]
    public async Task A_file_comes_whole_and_is_not_asked_for_again()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content);
        var progress = new Listener();
        await DatasetDownload.FetchAsync(server.File(Content), folder["new"], progress);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(Path.Combine(folder["new"], "data.bin")));
        Assert.HasCount(1, Directory.GetFiles(folder["new"]));
        Assert.AreEqual(new DownloadProgress("data.bin", Content.Length, Content.Length), progress.Told[^1]);
        CollectionAssert.AreEqual(progress.Told.Select(told => told.Received).Order().ToArray(), progress.Told.Select(told => told.Received).ToArray());
        await DatasetDownload.FetchAsync(server.File(Content), folder["new"]);
        Assert.HasCount(1, server.Ranges);
    }

    [TestMethod]
    public async Task Every_kind_of_checksum_is_told_by_its_length()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content);
        foreach (byte[] hash in (byte[][])[SHA1.HashData(Content), SHA256.HashData(Content)])
            await DatasetDownload.FetchAsync(server.File(Content) with { Name = $"{hash.Length}", Checksum = Convert.ToHexString(hash) }, folder.Path);
        Assert.HasCount(2, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public async Task An_interrupted_download_goes_on_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content) { BreakAfter = 120_000 };
        var failure = await Assert.ThrowsExactlyAsync<IOException>(() => DatasetDownload.FetchAsync(server.File(Content), folder.Path));
        Assert.IsFalse(File.Exists(folder["data.bin"]));
        long kept = new FileInfo(folder["data.bin.part"]).Length;
        Assert.IsGreaterThan(0, kept);
        StringAssert.Contains(failure.Message, $"{kept:N0} bytes have come and are kept");
        server.BreakAfter = null;
        var progress = new Listener();
        await DatasetDownload.FetchAsync(server.File(Content), folder.Path, progress);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder["data.bin"]));
        Assert.IsFalse(File.Exists(folder["data.bin.part"]));
        CollectionAssert.AreEqual((string?[])[null, $"bytes={kept}-"], server.Ranges.ToArray());
        Assert.IsGreaterThan(kept, progress.Told[0].Received);
        Assert.AreEqual(Content.Length, progress.Told[0].Total);
    }

    [TestMethod]
    public async Task A_server_that_cannot_go_on_sends_all_again()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content) { KnowsRanges = false };
        File.WriteAllBytes(folder["data.bin.part"], [1, 2, 3]);
        await DatasetDownload.FetchAsync(server.File(Content), folder.Path);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder["data.bin"]));
    }

    [TestMethod]
    public async Task A_part_that_is_whole_is_taken_and_one_of_another_file_deleted()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content);
        File.WriteAllBytes(folder["data.bin.part"], Content);
        await DatasetDownload.FetchAsync(server.File(Content), folder.Path);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder["data.bin"]));
        File.Delete(folder["data.bin"]);
        File.WriteAllBytes(folder["data.bin.part"], new byte[400_000]);
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => DatasetDownload.FetchAsync(server.File(Content), folder.Path));
        await DatasetDownload.FetchAsync(server.File(Content), folder.Path);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder["data.bin"]));
    }

    [TestMethod]
    public async Task A_wrong_checksum_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content);
        string wanted = Convert.ToHexStringLower(MD5.HashData([1])), found = Convert.ToHexStringLower(MD5.HashData(Content));
        var failure = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => DatasetDownload.FetchAsync(server.File([1]), folder.Path));
        foreach (string part in (string[])["data.bin", wanted, found])
            StringAssert.Contains(failure.Message, part);
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public async Task A_refusal_and_a_missing_network_say_what_to_do_by_hand()
    {
        using var folder = new TemporaryFolder();
        DatasetFile nowhere;
        using (var server = new Server(Content))
        {
            var missing = server.File(Content) with { Source = new Uri(server.File(Content).Source, "missing") };
            var refused = await Assert.ThrowsExactlyAsync<IOException>(() => DatasetDownload.FetchAsync(missing, folder.Path));
            foreach (string part in (string[])["data.bin", missing.Source.ToString(), "404", folder["data.bin"]])
                StringAssert.Contains(refused.Message, part);
            nowhere = server.File(Content);
        }
        var failure = await Assert.ThrowsExactlyAsync<IOException>(() => DatasetDownload.FetchAsync(nowhere, folder.Path));
        foreach (string part in (string[])["data.bin", nowhere.Source.ToString(), folder["data.bin"], ". To do it by hand"])
            StringAssert.Contains(failure.Message, part);
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public async Task Cancelling_keeps_what_has_come()
    {
        using var folder = new TemporaryFolder();
        using var server = new Server(Content);
        using var cancellation = new CancellationTokenSource();
        var progress = new Canceller(cancellation);
        await Assert.ThrowsAsync<OperationCanceledException>(() => DatasetDownload.FetchAsync(server.File(Content), folder.Path, progress, cancellation.Token));
        Assert.IsTrue(File.Exists(folder["data.bin.part"]));
        await DatasetDownload.FetchAsync(server.File(Content), folder.Path);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder["data.bin"]));
    }

    sealed class Canceller(CancellationTokenSource source) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => source.Cancel();
    }

    [TestMethod]
    public async Task An_archive_is_unpacked_to_its_folder_and_loads()
    {
        using var folder = new TemporaryFolder();
        byte[] archive = Archive("cifar-10-batches-bin/test_batch.bin", [3, .. new byte[3072]]);
        using var server = new Server(archive);
        await DatasetDownload.FetchArchiveAsync(server.File(archive), folder.Path, "cifar-10-batches-bin", null, default);
        CollectionAssert.AreEqual((string[])[folder["cifar-10-batches-bin"]], Directory.GetFileSystemEntries(folder.Path));
        Assert.AreEqual(1, new MLContext().Data.LoadCifar10(folder.Path, DatasetSplit.Test, download: true).GetRowCount());

        using var other = new TemporaryFolder();
        var failure = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => DatasetDownload.FetchArchiveAsync(server.File(archive), other.Path, "cifar-100-binary", null, default));
        StringAssert.Contains(failure.Message, "cifar-100-binary");
        CollectionAssert.AreEqual((string[])[other["data.bin"]], Directory.GetFileSystemEntries(other.Path));
    }

    [TestMethod]
    public void Progress_is_a_bar_on_one_line()
    {
        Assert.AreEqual("a.gz [###############               ]  50 %, 1.5 of 3.0 MB", new DownloadProgress("a.gz", 1_500_000, 3_000_000).ToString());
        Assert.AreEqual("a.gz 1.5 MB", new DownloadProgress("a.gz", 1_500_000, null).ToString());
    }

    static byte[] Archive(string name, byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, leaveOpen: true))
        {
            using var data = new MemoryStream(content);
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = data });
        }
        return LoadCifarTests.Zip(bytes.ToArray());
    }

    /// <summary>A web server on this machine with one file, /data.bin.</summary>
    sealed class Server : IDisposable
    {
        readonly HttpListener listener = new();
        readonly byte[] content;
        readonly Task serving;

        public Server(byte[] content)
        {
            this.content = content;
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Address = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
            }
            listener.Prefixes.Add(Address.ToString());
            listener.Start();
            serving = ServeAsync();
        }

        public Uri Address { get; }

        public bool KnowsRanges { get; init; } = true;

        public int? BreakAfter { get; set; }

        public List<string?> Ranges { get; } = [];

        public DatasetFile File(byte[] expected) => new("data.bin", new Uri(Address, "data.bin"), Convert.ToHexStringLower(MD5.HashData(expected)));

        async Task ServeAsync()
        {
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                try
                {
                    await AnswerAsync(context);
                }
                catch (HttpListenerException)
                {
                    // The client went away, as it does when it is cancelled.
                }
            }
        }

        async Task AnswerAsync(HttpListenerContext context)
        {
            var answer = context.Response;
            if (context.Request.Url!.AbsolutePath != "/data.bin")
            {
                answer.StatusCode = 404;
                answer.Close();
                return;
            }
            string? range = context.Request.Headers["Range"];
            Ranges.Add(range);
            int from = KnowsRanges && range is not null ? int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture) : 0;
            if (from >= content.Length)
            {
                answer.StatusCode = 416;
                answer.Close();
                return;
            }
            if (from > 0)
            {
                answer.StatusCode = 206;
                answer.Headers["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}";
            }
            answer.ContentLength64 = content.Length - from;
            int length = Math.Min(BreakAfter ?? int.MaxValue, content.Length - from);
            await answer.OutputStream.WriteAsync(content.AsMemory(from, length));
            if (BreakAfter is null)
            {
                answer.Close();
                return;
            }
            await answer.OutputStream.FlushAsync();
            answer.Abort();
        }

        public void Dispose()
        {
            listener.Close();
            serving.GetAwaiter().GetResult();
        }
    }
}
