using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.ML;

namespace MLNet.Pruning.Tests.Samples;

/// <summary>The web API in a process of its own, on a free port of this machine.</summary>
[TestClass]
public sealed class WebApiTests
{
    static readonly string folder = Directory.CreateTempSubdirectory("mlprune-web").FullName;
    static readonly HttpClient client = new();

    static Process? server;

    static string Pictures => Path.Combine(folder, "pictures");

    static string Model => Path.Combine(folder, "model.zip");

    /// <summary>Pictures of two classes: bright at the left, or at the right.</summary>
    internal static void Draw(string to, int count)
    {
        var random = new Random(1);
        for (int i = 0; i < count; i++)
        {
            string path = Directory.CreateDirectory(Path.Combine(to, i % 2 == 0 ? "left" : "right")).FullName;
            byte[] pixels = [.. Enumerable.Range(0, 20 * 16).Select(at => (byte)(random.Next(100) + (at % 20 < 10 == (i % 2 == 0) ? 150 : 0)))];
            new Picture(20, 16, 1, pixels).SavePng(Path.Combine(path, $"{i:D3}.png"));
        }
    }

    /// <summary>A small model of the pictures, whose labels begin with a word.</summary>
    static void Train(string file, string word)
    {
        var context = new MLContext(seed: 1).UsePruning();
        var rows = context.Data.LoadImageFolder(Pictures);
        var named = context.Data.LoadFromEnumerable(context.Data.CreateEnumerable<Row>(rows, reuseRowObject: false)
            .Select(row => new Row { ImagePath = row.ImagePath, Label = word + row.Label }).ToArray());
        var images = context.Transforms.LoadImages("Image", null, "ImagePath").Fit(named).Transform(named);
        using var model = context.Transforms.ResizeImages("Image", 8, 8).Append(context.Transforms.ExtractPixels("Pixels", "Image"))
            .Append(context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(context.MulticlassClassification.Trainers.PrunedConvNet(new() { FeatureColumnName = "Pixels", Channels = [4], HiddenSizes = [], Epochs = 20, BatchSize = 8, LearningRate = 0.01 }))
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(images);
        context.Model.Save(model, images.Schema, file);
    }

    [ClassInitialize]
    public static void Start(TestContext context)
    {
        Draw(Pictures, 40);
        Train(Model, "");
        server = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "WebApi.dll"), "--urls", "http://127.0.0.1:0", "--Model", Model])
        {
            RedirectStandardOutput = true,
        })!;
        const string Listening = "Now listening on: ";
        string? line;
        do
            line = server.StandardOutput.ReadLine();
        while (line?.Contains(Listening, StringComparison.Ordinal) == false);
        Assert.IsNotNull(line, "The server ended.");
        client.BaseAddress = new Uri(line.Split(Listening)[1]);
        _ = server.StandardOutput.ReadToEndAsync(default); // the server must not wait for a reader
    }

    [ClassCleanup]
    public static void Stop()
    {
        client.Dispose();
        server?.Kill(entireProcessTree: true);
        server?.WaitForExit();
        server?.Dispose();
        Directory.Delete(folder, true);
    }

    static byte[] Picture(string kind) => File.ReadAllBytes(Directory.EnumerateFiles(Path.Combine(Pictures, kind)).Order().First());

    static async Task<(HttpStatusCode Status, JsonElement Answer, string? Type)> Post(byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/predict") { Content = new ByteArrayContent(body) };
        request.Headers.ExpectContinue = body.Length > 1 << 20; // as curl: the answer to a large body may come before it is sent
        using var response = await client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(), response.Content.Headers.ContentType?.MediaType);
    }

    [TestMethod]
    [DataRow("left")]
    [DataRow("right")]
    public async Task A_picture_is_answered_by_its_label_and_the_probability_of_each(string kind)
    {
        var (status, answer, _) = await Post(Picture(kind));
        Assert.AreEqual(HttpStatusCode.OK, status);
        StringAssert.EndsWith(answer.GetProperty("label").GetString(), kind);
        var probabilities = answer.GetProperty("probabilities").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetDouble());
        Assert.HasCount(2, probabilities);
        Assert.AreEqual(1, probabilities.Values.Sum(), 1e-5);
        Assert.AreEqual(answer.GetProperty("label").GetString(), probabilities.MaxBy(entry => entry.Value).Key);
    }

    [TestMethod]
    public async Task What_is_no_picture_is_told_as_a_problem()
    {
        byte[] picture = Picture("left"), jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0];
        foreach (byte[] bad in (byte[][])[[], "hello"u8.ToArray(), jpeg, picture[..60]])
        {
            var (status, answer, type) = await Post(bad);
            Assert.AreEqual(HttpStatusCode.BadRequest, status);
            Assert.AreEqual("application/problem+json", type);
            Assert.AreEqual(400, answer.GetProperty("status").GetInt32());
            StringAssert.Contains(answer.GetProperty("detail").GetString(), "picture");
        }
    }

    [TestMethod]
    public async Task A_picture_that_would_unpack_to_gigabytes_is_not_unpacked()
    {
        byte[] large = Picture("left");
        // The width and the height of a PNG file, and the checksum of its header.
        foreach (int at in (int[])[16, 20])
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(large.AsSpan(at), 30_000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(large.AsSpan(29), Crc(large.AsSpan(12, 17)));
        var (status, answer, _) = await Post(large);
        Assert.AreEqual(HttpStatusCode.BadRequest, status);
        StringAssert.Contains(answer.GetProperty("detail").GetString(), "30000 x 30000");

        static uint Crc(ReadOnlySpan<byte> bytes)
        {
            uint crc = uint.MaxValue;
            foreach (byte value in bytes)
            {
                crc ^= value;
                for (int bit = 0; bit < 8; bit++)
                    crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
            return ~crc;
        }
    }

    [TestMethod]
    public async Task A_body_that_is_too_large_is_told_as_a_problem()
    {
        var (status, answer, type) = await Post(new byte[(4 << 20) + 1]);
        Assert.AreEqual(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.AreEqual("application/problem+json", type);
        Assert.AreEqual(413, answer.GetProperty("status").GetInt32());
    }

    [TestMethod]
    public async Task Its_health_and_what_it_does_not_have_are_told()
    {
        Assert.AreEqual("Healthy", await client.GetStringAsync("/health"));
        using var nothing = await client.GetAsync("/nothing");
        Assert.AreEqual(HttpStatusCode.NotFound, nothing.StatusCode);
        using var wrong = await client.GetAsync("/predict");
        Assert.AreEqual(HttpStatusCode.MethodNotAllowed, wrong.StatusCode);
    }

    [TestMethod]
    public async Task Another_model_serves_while_requests_run_and_none_fails()
    {
        Train(Path.Combine(folder, "next.zip"), "new ");
        byte[] picture = Picture("right");
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var callers = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (true)
            {
                var (status, answer, _) = await Post(picture);
                Assert.AreEqual(HttpStatusCode.OK, status);
                string label = answer.GetProperty("label").GetString()!;
                string[] names = [.. answer.GetProperty("probabilities").EnumerateObject().Select(entry => entry.Name)];
                Assert.Contains(label, names, "label and probabilities are of one model");
                if (label == "new right" || stop.IsCancellationRequested)
                    return label;
            }
        }).ToArray();
        File.WriteAllBytes(Model, File.ReadAllBytes(Model)[..500]); // half-written: the old one goes on
        File.Move(Path.Combine(folder, "next.zip"), Model, overwrite: true);
        foreach (string label in await Task.WhenAll(callers))
            Assert.AreEqual("new right", label);
    }

    [TestMethod]
    public void Without_a_model_it_says_so_and_ends()
    {
        var run = SampleRun.Of("WebApi", "--urls", "http://127.0.0.1:0", "--Model", Path.Combine(folder, "nothing.zip"));
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.Contains(run.Error, "nothing.zip");
        StringAssert.Contains(run.Error, "samples/Images");
    }

    sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
