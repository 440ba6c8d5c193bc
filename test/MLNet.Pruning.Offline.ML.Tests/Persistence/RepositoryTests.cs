using Microsoft.ML;
using Microsoft.ML.Data;

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
    public void Large_entries_pass_through_the_context_s_temporary_folder_and_leave_nothing_there()
    {
        string folder = Directory.CreateTempSubdirectory("mlnet-pruning-").FullName;
        try
        {
            var environment = new HostEnvironment(1) { TempFilePath = folder };
            byte[] block = new byte[1 << 20];
            Random.Shared.NextBytes(block);
            using var archive = new MemoryStream();
            using (var writer = RepositoryWriter.CreateNew(archive, environment))
            {
                using (var entry = writer.CreateEntry("large"))
                {
                    for (int i = 0; i < 20; i++)
                        entry.Stream.Write(block);
                    Assert.AreEqual(1, Directory.GetFiles(folder).Length);
                }
                writer.Commit();
            }

            using (var reader = RepositoryReader.Open(archive, environment))
            {
                using var entry = reader.OpenEntry("large");
                Assert.AreEqual(20L * block.Length, entry.Stream.Length);
                Assert.AreEqual(1, Directory.GetFiles(folder).Length);
                byte[] read = new byte[block.Length];
                for (int i = 0; i < 20; i++)
                {
                    entry.Stream.ReadExactly(read);
                    Assert.IsTrue(read.AsSpan().SequenceEqual(block));
                }
            }
            Assert.AreEqual(0, Directory.GetFiles(folder).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
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
