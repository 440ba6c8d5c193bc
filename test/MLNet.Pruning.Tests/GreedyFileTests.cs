using MLNet.Pruning.Fuzz;

namespace MLNet.Pruning.Tests;

/// <summary>
/// Files of a few megabytes, or of a few bytes that promise gigabytes. Their readers keep the same promise as for changed files: a second,
/// and four times the file and 16 MB of memory.
/// </summary>
[TestClass]
public sealed class GreedyFileTests
{
    public static IEnumerable<object[]> Names => Readers.All.Select(reader => new object[] { reader.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_file_made_to_take_much_memory_takes_what_its_size_justifies(string name)
    {
        using var folder = new TemporaryFolder();
        var reader = Readers.All.Single(reader => reader.Name == name);
        var complaints = GreedyFiles.All.Where(file => file.Reader == name).Select(file => (file.Fault, Text: reader.Complaint(reader.Mend(file.Make()), folder.Path)))
            .Where(found => found.Text is not null).Select(found => $"{found.Fault}: {found.Text}").ToArray();
        Assert.IsEmpty(complaints, string.Join(Environment.NewLine, complaints));
    }

    public static IEnumerable<object[]> Large => LargeFiles.All.Select(file => new object[] { file.Reader, file.Content });

    [TestMethod]
    [DynamicData(nameof(Large))]
    public void A_large_valid_file_is_read_and_takes_no_more(string name, string content)
    {
        using var folder = new TemporaryFolder();
        var reader = Readers.All.Single(reader => reader.Name == name);
        byte[] file = LargeFiles.All.Single(file => file.Reader == name && file.Content == content).Make();
        Assert.IsNull((reader with { Names = "no file is refused" }).Complaint(file, folder.Path));
    }

    [TestMethod]
    public void There_is_such_a_file_for_every_reader() =>
        CollectionAssert.AreEquivalent(Readers.All.Select(reader => reader.Name).ToArray(),
            GreedyFiles.All.Select(file => file.Reader).Distinct().ToArray());
}
