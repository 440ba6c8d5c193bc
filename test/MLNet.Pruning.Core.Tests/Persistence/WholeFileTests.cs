using System.Diagnostics;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Tests.Persistence;

[TestClass]
public sealed class WholeFileTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    string Target => Path.Combine(folder, "run.ckpt");

    string Temporary(string target, int process)
    {
        var path = Path.Combine(folder, $"{target}.{process}.{Guid.NewGuid():N}.tmp");
        File.WriteAllText(path, "a part");
        return path;
    }

    static int DeadProcess()
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.Id;
    }

    [TestMethod]
    public void What_a_killed_process_left_beside_a_file_is_removed_by_the_next_write()
    {
        var dead = DeadProcess();
        var orphan = Temporary("run.ckpt", dead);
        string[] others =
        [
            Temporary("other.ckpt", dead),
            Temporary("run.ckpt.old", dead),
            Path.Combine(folder, $"run.ckpt.{dead}.notes.tmp"),
            Path.Combine(folder, "run.ckpt.tmp"),
        ];
        foreach (var other in others)
            File.WriteAllText(other, "somebody else's");
        WholeFile.Write(Target, stream => stream.WriteByte(7));
        Assert.IsFalse(File.Exists(orphan));
        CollectionAssert.AreEqual(others.Append(Target).Order().ToArray(), Directory.GetFiles(folder).Order().ToArray());
        CollectionAssert.AreEqual(new byte[] { 7 }, File.ReadAllBytes(Target));
    }

    [TestMethod]
    public void What_a_living_process_may_still_write_stays()
    {
        var mine = Temporary("run.ckpt", Environment.ProcessId);
        // Another machine's, whose number no process of this one has.
        var theirs = Temporary("run.ckpt", DeadProcess());
        using (new FileStream(theirs, FileMode.Open, FileAccess.Write, FileShare.None))
            WholeFile.Write(Target, stream => stream.WriteByte(7));
        Assert.IsTrue(File.Exists(mine));
        Assert.IsTrue(File.Exists(theirs));
    }

    [TestMethod]
    public void A_number_that_a_later_process_has_again_keeps_nothing()
    {
        var orphan = Temporary("run.ckpt", Environment.ProcessId);
        using var self = Process.GetCurrentProcess();
        File.SetLastWriteTime(orphan, self.StartTime.AddMinutes(-1));
        WholeFile.Write(Target, stream => stream.WriteByte(7));
        Assert.IsFalse(File.Exists(orphan));
    }

    [TestMethod]
    public void A_missing_folder_and_a_path_that_is_a_folder_are_named_before_anything_is_written()
    {
        void Never(Stream stream) => Assert.Fail("It was asked to write.");
        string missing = Path.Combine(folder, "models", "run.ckpt");
        foreach (Action write in (Action[])[() => WholeFile.Write(missing, Never), () => WholeFile.Probe(missing)])
        {
            string message = Assert.ThrowsExactly<DirectoryNotFoundException>(write).Message;
            StringAssert.Contains(message, $"there is no folder '{Path.Combine(folder, "models")}'");
        }
        foreach (string taken in (string[])[folder, folder + Path.DirectorySeparatorChar, Path.Combine(folder, "models") + Path.DirectorySeparatorChar])
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => WholeFile.Write(taken, Never)).Message, $"'{taken}' cannot be written: it is a folder");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder));
    }

    [TestMethod]
    public void A_write_that_fails_leaves_the_old_file_and_nothing_beside_it()
    {
        WholeFile.Write(Target, stream => stream.WriteByte(7));
        Assert.ThrowsExactly<FormatException>(() => WholeFile.Write(Target, stream =>
        {
            stream.WriteByte(8);
            throw new FormatException();
        }));
        CollectionAssert.AreEqual(new byte[] { 7 }, File.ReadAllBytes(Target));
        Assert.HasCount(1, Directory.GetFiles(folder));
    }
}
