using Microsoft.ML;

namespace MLNet.Pruning.Offline.ML.Tests.Persistence;

[TestClass]
public sealed class RepositoryTests
{
    [TestMethod]
    public void Several_entries_are_written_at_once_and_read_by_their_path()
    {
        using var archive = new MemoryStream();
        using (var writer = RepositoryWriter.CreateNew(archive))
        {
            using (var outer = writer.CreateEntry("a", "outer"))
            {
                outer.Stream.WriteByte(1);
                using (var inner = writer.CreateEntry("a/b", "inner"))
                    inner.Stream.WriteByte(2);
                outer.Stream.WriteByte(3);
            }
            writer.Commit();
        }

        using var reader = RepositoryReader.Open(archive);
        using var first = reader.OpenEntry("a", "outer");
        using var second = reader.OpenEntry("a/b", "inner");
        Assert.AreEqual(2L, first.Stream.Length);
        Assert.AreEqual(2, second.Stream.ReadByte());
        Assert.IsNull(reader.OpenEntryOrNull("a", "absent"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => reader.OpenEntry("a", "absent")).Message, "absent");
    }

    [TestMethod]
    public void Paths_stay_inside_the_archive_and_are_used_once()
    {
        using var writer = RepositoryWriter.CreateNew(new MemoryStream());
        using (writer.CreateEntry("a", "name"))
        {
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => writer.CreateEntry("a", "name"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => writer.CreateEntry("../a", "name"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => writer.CreateEntry("a", ".."));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => writer.CreateEntry(" "));
        Assert.ThrowsExactly<InvalidOperationException>(() => writer.CreateEntry("/root", "name"));
    }
}
