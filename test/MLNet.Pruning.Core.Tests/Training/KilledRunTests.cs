using System.Diagnostics;
using System.Globalization;

namespace MLNet.Pruning.Tests.Training;

/// <summary>Runs in processes of their own that are killed without warning, wherever they are, and started again.</summary>
[TestClass]
[DoNotParallelize]
public sealed class KilledRunTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    string File1 => Path.Combine(folder, "run.checkpoint");

    [TestMethod]
    public void A_run_that_was_killed_a_few_times_ends_like_one_that_was_not() => Kill("neurons", 400, epochs: 6, kills: 3, seed: 1);

    [TestMethod]
    [TestCategory("Slow")]
    [DataRow("neurons", 400)]
    [DataRow("neurons", 160)] // the others are streamed
    [DataRow("weights", 400)]
    [DataRow("weights", 160)]
    public void A_run_that_was_killed_50_times_ends_like_one_that_was_not(string kind, int inMemory) => Kill(kind, inMemory, epochs: 12, kills: 50, seed: 2);

    /// <summary>Kills runs until there were enough kills; every run that comes to its end must end the same.</summary>
    void Kill(string kind, int inMemory, int epochs, int kills, int seed)
    {
        string[] run = [kind, inMemory.ToString(CultureInfo.InvariantCulture), epochs.ToString(CultureInfo.InvariantCulture)];
        var expected = Start(run).StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        StringAssert.StartsWith(expected, "done ");
        var random = new Random(seed);
        var (killed, ended, latest) = (0, 0, 0L);
        var resumed = new List<string>();
        while (killed < kills || ended == 0)
        {
            using var process = Start([.. run, File1]);
            // One in eight is killed as it starts or loads the file, the others while they train and save.
            var starting = killed < kills && random.Next(8) == 0;
            var said = new List<string>();
            var began = Stopwatch.GetTimestamp();
            for (var lines = starting ? 0 : random.Next(1, 8); lines > 0 && process.StandardOutput.ReadLine() is { } line; lines--)
                said.Add(line);
            resumed.AddRange(said.Take(1).Where(line => line.StartsWith("step ", StringComparison.Ordinal)));
            var interval = Stopwatch.GetElapsedTime(began).TotalMilliseconds / Math.Max(1, said.Count);
            if (killed < kills && !process.WaitForExit(random.Next(starting ? 800 : (int)Math.Clamp(interval, 2, 200))))
            {
                process.Kill();
                killed++;
            }
            var rest = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var files = Directory.GetFiles(folder).Where(file => !file.EndsWith(".tmp", StringComparison.Ordinal)).ToArray();
            Assert.IsLessThanOrEqualTo(2, files.Length);
            foreach (var file in files)
                CheckpointFile.Read(file, Assert.Fail);
            Assert.IsTrue(files.Length == 0 || files.Contains(File1), "at no moment is there no file");
            if (File.Exists(File1))
            {
                var step = CheckpointFile.Read(File1).Step;
                Assert.IsGreaterThanOrEqualTo(latest, step);
                latest = step;
            }
            if (process.ExitCode != 0)
                continue;
            Assert.AreEqual(expected, said.Concat(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Last());
            Assert.HasCount(2, Directory.GetFiles(folder), "no temporary file is left");
            foreach (var file in Directory.GetFiles(folder))
                File.Delete(file);
            (ended, latest) = (ended + 1, 0);
        }
        Assert.IsGreaterThan(1, resumed.Distinct().Count(), "runs were resumed at different steps");
    }

    static Process Start(string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MLNet.Pruning.KilledRun.dll"), .. arguments])
    {
        RedirectStandardOutput = true,
    })!;
}
