using System.IO.Compression;
using System.Text;
using MLNet.Pruning.Persistence;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

/// <summary>Files whose checksum is right and whose content is not.</summary>
[TestClass]
public sealed class HostileFileTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    [TestMethod]
    [DataRow("feedforward")]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("vae")]
    public void A_changed_part_is_refused_as_invalid_data_or_harmless(string name)
    {
        var whole = Parts(name);
        var random = new Random(7);
        string[] parts = [.. whole.Entries.Keys];
        for (int i = 0; i < 400; i++)
        {
            // Every second change is to the description, where it does most.
            string part = i % 2 == 0 ? "blueprint" : parts[random.Next(parts.Length)];
            var changed = new Archive(whole.Kind);
            foreach (var (key, content) in whole.Entries)
                changed.Add(key, key == part ? Change(content, random) : content);
            using var stream = new MemoryStream();
            changed.Write(stream);
            stream.Position = 0;
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using PrunedTransformer model = whole.Kind == "classifier"
                    ? PrunedModelTransformer.ReadFrom(context, stream)
                    : PrunedVaeTransformer.ReadFrom(context, stream);
                _ = model.Scoring;
            }
            catch (InvalidDataException)
            {
            }
            Assert.IsLessThan(64 << 20, GC.GetAllocatedBytesForCurrentThread() - before, $"{part}: {Encoding.UTF8.GetString(changed[part])}");
        }
    }

    [TestMethod]
    public void A_missing_part_is_named()
    {
        foreach (string name in (string[])["feedforward", "vae"])
        {
            var whole = Parts(name);
            foreach (string part in whole.Entries.Keys)
            {
                var changed = new Archive(whole.Kind);
                foreach (var (key, content) in whole.Entries.Where(entry => entry.Key != part))
                    changed.Add(key, content);
                using var stream = new MemoryStream();
                changed.Write(stream);
                stream.Position = 0;
                var failure = Assert.ThrowsExactly<InvalidDataException>(() =>
                    name == "vae" ? (PrunedTransformer)PrunedVaeTransformer.ReadFrom(context, stream) : PrunedModelTransformer.ReadFrom(context, stream));
                StringAssert.Contains(failure.Message, part.StartsWith("tensor:", StringComparison.Ordinal) ? part["tensor:".Length..] : part);
            }
        }
    }

    static Archive Parts(string name)
    {
        using var zip = ZipFile.OpenRead(Path.Combine(AppContext.BaseDirectory, "Models", $"{name}.zip"));
        foreach (var entry in zip.Entries.Where(entry => entry.Name == "Model.pruned"))
        {
            using var content = entry.Open();
            var archive = Archive.Read(content, name);
            if (archive.Kind is "classifier" or "autoencoder")
                return archive;
        }
        throw new InvalidDataException(name);
    }

    static byte[] Change(byte[] content, Random random)
    {
        byte[] changed = [.. content];
        if (changed.Length == 0)
            return [1];
        switch (random.Next(5))
        {
            case 0:
                return changed[..random.Next(changed.Length)];
            case 1:
                return [.. changed, .. changed];
            case 2:
                // Another number, as likely as not a large one.
                int digit = Array.FindIndex(changed, random.Next(changed.Length), b => b is >= (byte)'0' and <= (byte)'9');
                byte[] number = Encoding.UTF8.GetBytes(((string[])["-1", "0", "1e9", "2147483647", "99999999999", "0.5", "null"])[random.Next(7)]);
                return digit < 0 ? changed : [.. changed[..digit], .. number, .. changed[(digit + 1)..]];
            default:
                for (int i = random.Next(1, 4); i > 0; i--)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                return changed;
        }
    }
}
