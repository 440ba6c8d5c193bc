using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Persistence;

[TestClass]
public sealed class StateFileTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune-state").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    static nn.Module<Tensor, Tensor> Network() => nn.Sequential(nn.Linear(7, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3));

    static float[] Scores(nn.Module<Tensor, Tensor> network)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        network.eval();
        return [.. network.call(linspace(-1, 1, 28).reshape(4, 7)).flatten().data<float>()];
    }

    static void Near(double[] expected, float[] found, double tolerance)
    {
        Assert.HasCount(expected.Length, found);
        for (var i = 0; i < found.Length; i++)
            Assert.AreEqual(expected[i], found[i], tolerance);
    }

    string At(string name) => Path.Combine(folder, name);

    [TestMethod]
    [DataRow("plain", 1e-6)]
    [DataRow("script", 1e-6)]
    [DataRow("strided", 1e-6)]
    [DataRow("half", 2e-3)]
    public void A_state_dictionary_of_PyTorch_is_read(string file, double tolerance)
    {
        var expected = JsonSerializer.Deserialize<double[]>(Python.Run("state.py", "write", folder))!;
        using var network = Network();
        Assert.IsTrue(network.LoadPth(At($"{file}.pth")).IsWhole);
        Near(expected, Scores(network), tolerance);
    }

    [TestMethod]
    public void What_is_saved_is_what_PyTorch_loads()
    {
        using var network = Network();
        network.train();
        using (var rows = randn(20, 7))
            network.call(rows).Dispose();
        network.SavePth(At("ours.pth"));
        network.SaveSafetensors(At("ours.safetensors"), metadata: new Dictionary<string, string> { ["made by"] = "a test" });
        network.SaveSafetensors(At("ours-bf16.safetensors"), ScalarType.BFloat16);
        var seen = Python.Json<Dictionary<string, double[]>>("state.py", "read", folder);
        var scores = Scores(network);
        Near(seen["pth"], scores, 1e-6);
        Near(seen["safetensors"], scores, 1e-6);
        Near(seen["bf16"], scores, 2e-2);
        Assert.AreEqual(1.0, seen["metadata"][0]);
    }

    [TestMethod]
    public void Saved_and_loaded_is_the_same_to_the_bit()
    {
        using var network = Network();
        using var other = Network();
        network.SaveSafetensors(At("a.safetensors"));
        other.LoadSafetensors(At("a.safetensors"));
        CollectionAssert.AreEqual(Scores(network), Scores(other));
        using var third = Network();
        network.SavePth(At("a.pth"));
        third.LoadPth(At("a.pth"));
        CollectionAssert.AreEqual(Scores(network), Scores(third));
    }

    [TestMethod]
    public void What_does_not_match_is_listed_or_refused()
    {
        using var network = Network();
        network.SaveSafetensors(At("a.safetensors"));
        using var other = nn.Sequential(nn.Linear(7, 6), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3), nn.Linear(3, 2));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => other.LoadSafetensors(At("a.safetensors")));
        StringAssert.Contains(failure.Message, "4.weight");
        StringAssert.Contains(failure.Message, "0.weight: [5, 7] in the file, [6, 7] in the module");
        var match = other.LoadSafetensors(At("a.safetensors"), strict: false, rename: name => name == "3.bias" ? "none" : name);
        CollectionAssert.AreEquivalent(new[] { "4.weight", "4.bias", "3.bias" }, match.Missing.ToArray());
        CollectionAssert.AreEqual(new[] { "3.bias" }, match.Unexpected.ToArray());
        Assert.HasCount(2, match.Mismatched);
        CollectionAssert.Contains(match.Loaded.ToArray(), "3.weight");
    }

    [TestMethod]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4)]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8)]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6)]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0)]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,-4]}}", 0)]
    [DataRow("{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4)]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[\"x\"],\"data_offsets\":[0,4]}}", 4)]
    [DataRow("{\"a\":3}", 0)]
    [DataRow("[1]", 0)]
    [DataRow("{\"a\"", 0)]
    public void A_header_that_lies_is_refused(string header, int data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(new MemoryStream(file), "It"));
    }

    [TestMethod]
    public void A_changed_file_is_read_or_refused_as_invalid_data()
    {
        using var network = Network();
        network.SavePth(At("a.pth"));
        network.SaveSafetensors(At("a.safetensors"));
        var random = new Random(11);
        foreach (var name in new[] { "a.pth", "a.safetensors" })
        {
            var whole = File.ReadAllBytes(At(name));
            for (var i = 0; i < 2_000; i++)
            {
                var changed = i % 4 == 0 ? whole[..random.Next(whole.Length)] : whole.ToArray();
                for (var n = random.Next(1, 6); n > 0 && changed.Length > 0; n--)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    if (name == "a.pth")
                        PthFile.Read(new MemoryStream(changed), "It");
                    else
                        Safetensors.Read(new MemoryStream(changed), "It");
                }
                catch (InvalidDataException)
                {
                }
                Assert.IsLessThan(16 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    [TestMethod]
    public void A_pickle_that_calls_something_calls_nothing()
    {
        // What os.system would be told; read, it is a record of a name and an argument.
        var pickle = Encoding.Latin1.GetBytes("\u0080\u0002cos\nsystem\nX\u0004\0\0\0true\u0085R.");
        var call = (PickledCall)Pickle.Read(pickle)!;
        Assert.AreEqual(new PickledName("os", "system"), call.Function);
    }

    [TestMethod]
    public void Two_names_that_become_one_are_refused()
    {
        using var network = Network();
        network.SaveSafetensors(At("a.safetensors"));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() =>
            network.LoadSafetensors(At("a.safetensors"), strict: false, rename: name => name == "1.weight" ? "1.bias" : name));
        StringAssert.Contains(failure.Message, "two tensors for '1.bias'");
    }

    [TestMethod]
    public void Two_names_that_become_one_are_refused_whatever_their_shapes()
    {
        using var network = Network();
        network.SaveSafetensors(At("a.safetensors"));
        // The first of the two fits, and the second does not, or the other way round.
        foreach (var (from, to) in new[] { ("1.weight", "1.bias"), ("1.bias", "1.weight") })
        {
            var failure = Assert.ThrowsExactly<InvalidDataException>(() =>
                network.LoadSafetensors(At("a.safetensors"), strict: false, rename: name => name == from ? to : name));
            StringAssert.Contains(failure.Message, $"two tensors for '{to}'");
        }
    }

    [TestMethod]
    public void A_packed_entry_is_refused()
    {
        using var network = nn.Linear(200, 200);
        network.SavePth(At("a.pth"));
        using var packed = new MemoryStream();
        using (var from = ZipFile.OpenRead(At("a.pth")))
        using (var to = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var entry in from.Entries)
            {
                using var read = entry.Open();
                using var write = to.CreateEntry(entry.FullName, CompressionLevel.SmallestSize).Open();
                if (entry.FullName.EndsWith("data/0", StringComparison.Ordinal))
                    write.Write(new byte[entry.Length]);
                else
                    read.CopyTo(write);
            }
        }
        File.WriteAllBytes(At("b.pth"), packed.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => network.LoadPth(At("b.pth"))).Message, "without packing");
    }

    [TestMethod]
    public void Many_tensors_of_one_storage_take_its_memory_once()
    {
        // The tensor begins at 0, has 128 x 128 values, and steps of 128 and 1, or of 1 and 128.
        const string shape = "K\0M\u0080\0M\u0080\0\u0086";
        using var whole = Views($"{shape}M\u0080\0K\u0001\u0086");
        long before = GC.GetAllocatedBytesForCurrentThread();
        var tensors = PthFile.Read(whole, "it");
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.HasCount(200, tensors);
        Assert.AreEqual(64 << 10, tensors[199].Tensor.Bytes.Length);
        // Transposed, each is a copy.
        using var turned = Views($"{shape}K\u0001M\u0080\0\u0086");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PthFile.Read(turned, "it")).Message, "too much for its size");

        static MemoryStream Views(string place)
        {
            var pickle = new StringBuilder("\u0080\u0002}(");
            for (int i = 0; i < 200; i++)
            {
                pickle.Append($"X\u0003\0\0\0{i:000}ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\n")
                    .Append($"X\u0001\0\0\00X\u0003\0\0\0cpuM\0\u0040tQ{place}\u0089)tR");
            }
            var stream = new MemoryStream();
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            {
                Put("archive/data.pkl", Encoding.Latin1.GetBytes(pickle.Append("u.").ToString()));
                Put("archive/data/0", new byte[64 << 10]);

                void Put(string name, byte[] bytes)
                {
                    using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                    entry.Write(bytes);
                }
            }
            stream.Position = 0;
            return stream;
        }
    }

    [TestMethod]
    public void A_pickle_made_to_harm_is_refused()
    {
        const string parameter = "ctorch._utils\n_rebuild_parameter\n", begin = "\u0080\u0002}X\u0001\0\0\0a";
        static string Repeated(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
        // A key nested without end, parameters of parameters, calls without arguments, and nothing where something belongs.
        Refused($"\u0080\u0002}}N{Repeated("Q", 300_000)}K\u0001s.", "no tensor");
        Refused($"{begin}{Repeated(parameter, 100_000)}N{Repeated("\u0085R", 100_000)}s.", "no tensor");
        Refused($"{begin}{parameter})Rs.", "no tensor");
        Refused($"{begin}{parameter}NRs.", "wanted");
        Refused("\u0080\u0002NK\u0001K\u0001s.", "wanted");
        Refused("\u0080\u0002NK\u0001a.", "wanted");
        Refused($"{begin}ctorch._utils\n_rebuild_tensor_v2\n(((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\0tQK\0N\u0085N\u0085\u0089)tRs.", "wanted");

        var empty = Pth($"{begin}ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\0tQ"
            + "\u008a\u0008\0\0\0\0\0\0\0@K\0\u0085K\u0001\u0085\u0089)tRs.");
        Assert.AreEqual(0, Assert.ContainsSingle(empty).Tensor.Bytes.Length);

        static void Refused(string pickle, string message) =>
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Pth(pickle)).Message, message);

        static IReadOnlyList<(string Name, StoredTensor Tensor)> Pth(string pickle)
        {
            using var file = new MemoryStream();
            using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            {
                using (var entry = zip.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open())
                    entry.Write(Encoding.Latin1.GetBytes(pickle));
                zip.CreateEntry("archive/data/0").Open().Dispose();
            }
            file.Position = 0;
            return PthFile.Read(file, "It");
        }
    }
}
