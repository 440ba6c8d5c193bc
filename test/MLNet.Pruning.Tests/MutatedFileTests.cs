using MLNet.Pruning.Fuzz;

namespace MLNet.Pruning.Tests;

/// <summary>
/// Valid files of every kind with changes at random, under checksums that fit them. A reader reads them, or refuses them with an
/// <see cref="InvalidDataException"/> that names the file, within a second and without allocating more than the file justifies.
/// </summary>
[TestClass]
public sealed class MutatedFileTests
{
    const int Few = 100, Many = 20_000;

    public static IEnumerable<object[]> Names => Readers.All.Select(reader => new object[] { reader.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Every_reader_reads_the_files_of_its_corpus(string name)
    {
        using var folder = new TemporaryFolder();
        var reader = Find(name);
        foreach (byte[] content in Corpus(name))
        {
            File.WriteAllBytes(folder[reader.FileName], content);
            reader.Read(folder[reader.FileName]);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_changed_file_is_read_or_refused_by_name(string name) => Mutate(name, Few);

    [TestMethod]
    [TestCategory("Slow")]
    [DynamicData(nameof(Names))]
    public void Many_changed_files_are_read_or_refused_by_name(string name) => Mutate(name, Many);

    [TestMethod]
    public void A_reader_that_breaks_its_promise_is_found_out()
    {
        using var folder = new TemporaryFolder();
        StringAssert.Contains(new FileReader("a", _ => throw new FormatException("no")).Complaint([], folder.Path), "no");
        StringAssert.Contains(new FileReader("a", _ => throw new InvalidDataException("which?")).Complaint([], folder.Path), "which?");
        StringAssert.Contains(new FileReader("a", _ => GC.KeepAlive(new byte[17 << 20])).Complaint([], folder.Path), "allocated");
        Assert.IsNull(new FileReader("a", path => throw new InvalidDataException(path)).Complaint([], folder.Path));
    }

    static void Mutate(string name, int count)
    {
        using var folder = new TemporaryFolder();
        var (reader, mutator, corpus) = (Find(name), new Mutator(seed: 1), Corpus(name));
        // The first read compiles.
        reader.Complaint(corpus[0], folder.Path);
        for (int i = 0; i < count; i++)
        {
            byte[] content = reader.Change(corpus[i % corpus.Length], mutator);
            if (reader.Complaint(content, folder.Path) is { } complaint)
                Assert.Fail($"{name}, change {i}: {complaint}{Environment.NewLine}{Convert.ToBase64String(content)}");
        }
    }

    static FileReader Find(string name) => Readers.All.Single(reader => reader.Name == name);

    static byte[][] Corpus(string name) =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus", name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
}
