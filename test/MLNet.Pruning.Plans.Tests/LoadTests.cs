using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Plans.Tests;

/// <summary>
/// Plans from files that the trainers wrote, with the scores that LibTorch had for some rows (`./bench.sh files` writes both).
/// </summary>
[TestClass]
public sealed partial class LoadTests
{
    static readonly string folder = Path.Combine(AppContext.BaseDirectory, "files");

    public static IEnumerable<object[]> Files => Directory.GetFiles(folder)
        .Where(file => Path.GetExtension(file) is ".zip" or ".pruned").Select(file => (object[])[Path.GetFileName(file)]).Order(
            Comparer<object[]>.Create((a, b) => string.CompareOrdinal((string)a[0], (string)b[0])));

    [TestMethod]
    public void Files_of_every_network_are_there() =>
        CollectionAssert.AreEqual(
            new[] { "conv-net.zip", "feed-forward.pruned", "vae.pruned", "vit-merged.zip", "vit-tokens.pruned", "vit.zip" },
            Files.Select(file => file[0]).ToArray());

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void A_loaded_plan_scores_as_LibTorch_did(string file)
    {
        var plan = ScoringPlan.Load(Path.Combine(folder, file));
        float[] rows = Floats(file, ".rows"), wanted = Floats(file, ".scores"), scores = new float[wanted.Length];
        plan.Score(rows, scores);
        for (int i = 0; i < scores.Length; i++)
            Numbers.AreClose(wanted[i], scores[i], 1e-5, $"{file}, score {i}");
    }

    [TestMethod]
    public void A_pipeline_that_merges_tokens_reads_images_and_its_network_alone_tokens()
    {
        Assert.AreEqual(64, ScoringPlan.Load(Path.Combine(folder, "vit-merged.zip")).InputWidth);
        Assert.AreEqual((8 * (4 + 1)) + 16, ScoringPlan.Load(Path.Combine(folder, "vit-tokens.pruned")).InputWidth);
    }

    [TestMethod]
    public void Labels_are_the_values_that_were_learnt()
    {
        CollectionAssert.AreEqual(new[] { "across", "down", "plain" }, ScoringPlan.Load(Path.Combine(folder, "vit.zip")).Labels.ToArray());
        Assert.IsEmpty(ScoringPlan.Load(Path.Combine(folder, "vae.pruned")).Labels);
    }

    [TestMethod]
    public void Labels_of_every_type_are_read_as_text()
    {
        var when = new DateTime(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc);
        (int Type, Action<BinaryWriter> Write, string Text)[] kinds =
        [
            (1, to => to.Write("seven"), "seven"),
            (2, to => to.Write(true), "True"),
            (3, to => to.Write((sbyte)-7), "-7"),
            (4, to => to.Write((byte)7), "7"),
            (5, to => to.Write((short)-700), "-700"),
            (6, to => to.Write((ushort)700), "700"),
            (7, to => to.Write(-70_000), "-70000"),
            (8, to => to.Write(70_000u), "70000"),
            (9, to => to.Write(-7_000_000_000), "-7000000000"),
            (10, to => to.Write(7_000_000_000ul), "7000000000"),
            (11, to => to.Write(0.5f), "0.5"),
            (12, to => to.Write(0.25), "0.25"),
            (13, to => to.Write(when.ToBinary()), "2026-11-30T12:00:00.0000000Z"),
            (14, to => to.Write("2026-11-30T12:00:00.0000000+01:00"), "2026-11-30T12:00:00.0000000+01:00"),
            (15, to => to.Write(TimeSpan.FromMinutes(90).Ticks), "01:30:00"),
        ];
        foreach (var (type, write, text) in kinds)
            Assert.AreEqual(text, Labelled(3, type, write).Labels[2]);
        Assert.IsEmpty(Labelled(3, 0, _ => { }).Labels);
    }

    [TestMethod]
    public void Errors_name_the_file_and_the_part_that_is_wrong()
    {
        var good = Parts("feed-forward.pruned");
        Refused("labels", [], "'labels'");
        Refused("labels", [2, 0, 0, 0, 1, 1, (byte)'a', 1, (byte)'b'], "2 labels for 3 classes");
        Refused("labels", [3, 0, 0, 0, 99], "of type 99");
        Refused("blueprint", "{\"kind\":\"module\",\"name\":\"Mine\",\"shape\":[64]}"u8, "no plan computes: an earlier version saved it, without its graph.");
        Refused("blueprint", "{\"kind\":\"feed-forward\",\"sizes\":[64,0,3]}"u8, "Size 1 of the feed-forward network's sizes is 0");
        Refused("blueprint", "{\"kind\":\"feed-forward\",\"sizes\":[64,3]}"u8, "'layers.linear1.weight' have the shape [24, 64]");
        Refused("blueprint", "{\"kind\":\"feed-forward\",\"sizes\":[64,24,12,3,5]}"u8, "'layers.linear4.weight' are missing");
        Refused("tensor:layers.linear1.weight", [6, 0, 0, 0], "'tensor:layers.linear1.weight': it is damaged");
        Refused("tensor:layers.linear1.weight", [5, 0, 0, 0, 0, 0, 0, 0, 0, 0], "wanted 6, single precision");

        var archive = new Archive("checkpoint");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Load(archive)).Message, "The model is a checkpoint file");
        using var zip = new MemoryStream();
        using (var writing = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
            writing.CreateEntry("TransformerChain/Model.key");
        zip.Position = 0;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ScoringPlan.Load(zip)).Message, "no network of MLNet.");
        string rows = Path.Combine(folder, "vae.rows");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ScoringPlan.Load(rows)).Message, "vae.rows' is not a");

        void Refused(string part, ReadOnlySpan<byte> content, string message)
        {
            var archive = new Archive("classifier");
            foreach (var (name, bytes) in good)
                archive.Add(name, name == part ? content.ToArray() : bytes);
            var failure = Assert.ThrowsExactly<InvalidDataException>(() => Load(archive));
            StringAssert.Contains(failure.Message, "The model");
            StringAssert.Contains(failure.Message, message);
        }
    }

    [TestMethod]
    public void What_is_made_of_a_file_is_returned_only_if_its_checksum_is_right()
    {
        var archive = new Archive("model");
        archive.Add("numbers", new byte[1 << 20]);
        using var written = new MemoryStream();
        archive.Write(written);
        byte[] whole = written.ToArray(), damaged = [.. whole];
        damaged[^100] ^= 1;
        int made = 0;
        Assert.AreEqual(1, Read(whole, _ => ++made));
        Assert.ThrowsExactly<FormatException>(() => Read(whole, _ => throw new FormatException()));
        Damaged(() => Read(damaged, _ => ++made));
        // The checksum is the reason for whatever else is wrong.
        Damaged(() => Read(damaged, _ => throw new FormatException()));
        Assert.AreEqual(2, made);

        static int Read(byte[] file, Func<Archive, int> make) => Archive.Read(new MemoryStream(file), kinds: null, "The file", make);

        static void Damaged(Action read) =>
            StringAssert.StartsWith(Assert.ThrowsExactly<InvalidDataException>(read).Message, "The file is damaged: its checksum");
    }

    [TestMethod]
    public void Loading_takes_the_memory_of_the_file_and_of_the_packed_weights()
    {
        const int Size = 1_024;
        var archive = new Archive("model");
        archive.Add("blueprint", Encoding.UTF8.GetBytes($"{{\"kind\":\"feed-forward\",\"sizes\":[{Size},{Size},{Size}]}}"));
        foreach (int layer in (int[])[1, 2])
        {
            archive.Add($"tensor:layers.linear{layer}.weight", Tensor(Size, Size));
            archive.Add($"tensor:layers.linear{layer}.bias", Tensor(Size));
        }
        using var file = new MemoryStream();
        archive.Write(file);
        file.Position = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var plan = ScoringPlan.Load(file);
        double allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.AreEqual(1, plan.Steps[0].Density);
        Assert.IsLessThan(2.2, allocated / file.Length);

        static byte[] Tensor(params int[] shape)
        {
            using var bytes = new MemoryStream();
            using var writer = new BinaryWriter(bytes);
            writer.Write(6);
            writer.Write(shape.Length);
            foreach (int size in shape)
                writer.Write((long)size);
            int count = shape.Aggregate(1, (product, size) => product * size);
            writer.Write(MemoryMarshal.AsBytes(Enumerable.Repeat(0.5f, count).ToArray().AsSpan()));
            return bytes.ToArray();
        }
    }

    [TestMethod]
    public void A_damaged_zip_is_named()
    {
        using var stream = new MemoryStream(File.ReadAllBytes(Path.Combine(folder, "vit.zip"))[..^30]);
        StringAssert.StartsWith(Assert.ThrowsExactly<InvalidDataException>(() => ScoringPlan.Load(stream)).Message, "The model is a damaged zip file");
    }

    [TestMethod]
    public void A_pipeline_with_two_networks_is_refused_by_their_names()
    {
        using var zip = new MemoryStream();
        using (var writing = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string name in (string[])["a", "b"])
            {
                using var entry = writing.CreateEntry($"TransformerChain\\{name}\\Model.pruned").Open();
                entry.Write(File.ReadAllBytes(Path.Combine(folder, "feed-forward.pruned")));
            }
        }
        zip.Position = 0;
        string message = Assert.ThrowsExactly<InvalidDataException>(() => ScoringPlan.Load(zip)).Message;
        StringAssert.Contains(message, "several networks");
        StringAssert.Contains(message, "\\a\\Model.pruned");
        StringAssert.Contains(message, "\\b\\Model.pruned");
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Damaged_files_give_a_plan_or_are_refused_and_ask_for_little_memory(string file)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(folder, file));
        var parts = Parts(file);
        var random = new Random(1);
        int plans = 0;
        for (int i = 0; i < 2_000; i++)
        {
            // Half of them have a checksum that is right, as a hostile file has.
            byte[] damaged = i % 2 == 0 ? Damaged(whole, random) : Rewritten(parts, file, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var plan = ScoringPlan.Load(new MemoryStream(damaged));
                plans++;
                if (plan.InputWidth < 10_000)
                    plan.Score(new float[plan.InputWidth], new float[plan.OutputWidth]);
            }
            catch (InvalidDataException)
            {
            }
            Assert.IsLessThan(16 << 20, GC.GetAllocatedBytesForCurrentThread() - before, $"{file}, mutation {i}");
        }
        Assert.IsGreaterThan(50, plans);
        Assert.IsLessThan(1_000, plans);
    }

    /// <summary>Bytes changed, taken away or put in.</summary>
    static byte[] Damaged(byte[] whole, Random random)
    {
        List<byte> bytes = [.. whole];
        for (int change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256)));
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>An archive of changed parts: other numbers in the blueprint, other bytes elsewhere.</summary>
    static byte[] Rewritten(IReadOnlyDictionary<string, byte[]> parts, string file, Random random)
    {
        string[] numbers = ["0", "-1", "1", "2", "7", "65536", "1048576", "1073741824", "2147483647", "99999999999", "0.5", "1e9", "null"];
        string chosen = random.Next(2) == 0 ? "blueprint" : parts.Keys.ElementAt(random.Next(parts.Count));
        var archive = new Archive(file.StartsWith("vae", StringComparison.Ordinal) ? "autoencoder" : "classifier");
        foreach (var (name, content) in parts)
        {
            if (name != chosen)
            {
                archive.Add(name, content);
            }
            else if (name is "blueprint" or "columns")
            {
                string json = Encoding.UTF8.GetString(content);
                var number = NumberPattern().Matches(json)[random.Next(NumberPattern().Count(json))];
                archive.Add(name, Encoding.UTF8.GetBytes(
                    json[..number.Index] + numbers[random.Next(numbers.Length)] + json[(number.Index + number.Length)..]));
            }
            else
            {
                archive.Add(random.Next(20) == 0 ? name + "x" : name, Damaged(content, random));
            }
        }
        return Bytes(archive);
    }

    [GeneratedRegex("[0-9.]+")]
    private static partial Regex NumberPattern();

    static IReadOnlyDictionary<string, byte[]> Parts(string file)
    {
        using var stream = File.OpenRead(Path.Combine(folder, file));
        if (!file.EndsWith(".zip", StringComparison.Ordinal))
            return Archive.Read(stream, file).Entries;
        using var zip = new ZipArchive(stream);
        using var entry = zip.Entries.Last(entry => entry.Name == "Model.pruned").Open();
        return Archive.Read(entry, file).Entries;
    }

    static ScoringPlan Labelled(int count, int type, Action<BinaryWriter> write)
    {
        var (labels, archive) = (new MemoryStream(), new Archive("classifier"));
        using var writer = new BinaryWriter(labels);
        writer.Write(count);
        writer.Write((byte)type);
        for (int i = 0; i < count; i++)
            write(writer);
        foreach (var (name, content) in Parts("feed-forward.pruned"))
            archive.Add(name, name == "labels" ? labels.ToArray() : content);
        return Load(archive);
    }

    static ScoringPlan Load(Archive archive) => ScoringPlan.Load(new MemoryStream(Bytes(archive)));

    static byte[] Bytes(Archive archive)
    {
        using var stream = new MemoryStream();
        archive.Write(stream);
        return stream.ToArray();
    }

    static float[] Floats(string file, string extension) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, Path.ChangeExtension(file, extension)))).ToArray();
}
