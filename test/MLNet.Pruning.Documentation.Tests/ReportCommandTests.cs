using MLNet.Pruning.Tool.Commands;

namespace MLNet.Pruning.Documentation.Tests;

[TestClass]
public sealed class ReportCommandTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, recursive: true);

    string this[params string[] names] => Path.Combine([folder, .. names]);

    static TrainingHistory History(int epochs, int wanted = 3, string model = "Vit") => new()
    {
        Model = model,
        ParametersAtStart = 1_000,
        Options = { ["Epochs"] = $"{wanted}" },
        Epochs = [.. Enumerable.Range(1, epochs).Select(e => new EpochRecord { Epoch = e, Steps = 10 * e, Rows = 500, Loss = 1.0 / e, LearningRate = 0.1, Seconds = 1, RowsPerSecond = 500, Parameters = 1_000 })],
    };

    void Write(string file, TrainingHistory history)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, history.ToJson());
    }

    static string Message<T>(Action action)
        where T : Exception => Assert.ThrowsExactly<T>(action).Message;

    [TestMethod]
    public void A_history_as_JSON_becomes_a_page_beside_it()
    {
        Write(this["run.json"], History(3));
        Assert.AreEqual(this["run.html"], ReportCommand.Report([this["run.json"]], null));
        StringAssert.Contains(File.ReadAllText(this["run.html"]), "<h1>run.json</h1>");
        StringAssert.Contains(Message<ArgumentException>(() => ReportCommand.Report([this["run.json"]], this["run.json"])), "say --output");
        StringAssert.Contains(Message<FileNotFoundException>(() => ReportCommand.Report([this["none.json"]], null)), "none.json");
        File.WriteAllText(this["half.json"], History(3).ToJson()[..100]);
        StringAssert.Contains(Message<InvalidDataException>(() => ReportCommand.Report([this["half.json"]], null)), $"'{this["half.json"]}' cannot be read");
    }

    [TestMethod]
    public void Of_a_runs_folder_the_newest_file_that_has_a_history_is_taken()
    {
        Write(this["run", "old.json"], History(1, model: "Old"));
        Write(this["run", "new.json"], History(2, model: "New"));
        File.WriteAllText(this["run", "notes.txt"], "no history");
        var now = DateTime.UtcNow;
        foreach (var (name, age) in new[] { ("old.json", 3), ("new.json", 2), ("notes.txt", 1) })
            File.SetLastWriteTimeUtc(this["run", name], now.AddMinutes(-age));
        Assert.AreEqual(this["run", "report.html"], ReportCommand.Report([this["run"]], null));
        var page = File.ReadAllText(this["run", "report.html"]);
        StringAssert.Contains(page, "New");
        StringAssert.Contains(page, "2 of 3 epochs");
        Directory.CreateDirectory(this["empty"]);
        StringAssert.Contains(Message<InvalidDataException>(() => ReportCommand.Report([this["empty"]], null)), "no model with a training history");
    }

    [TestMethod]
    public void Several_runs_stand_side_by_side_under_names_that_tell_them_apart()
    {
        Write(this["a", "run.json"], History(3));
        Write(this["b", "run.json"], History(2));
        ReportCommand.Report([this["a", "run.json"], this["b", "run.json"]], this["both.html"]);
        var page = File.ReadAllText(this["both.html"]);
        foreach (var text in new[] { "<td>a/run.json</td>", "<td>b/run.json</td>", "2 of 3 epochs", "2 training runs" })
            StringAssert.Contains(page, text);
    }

    [TestMethod]
    public void A_page_follows_its_run_until_the_run_is_over()
    {
        const string reload = "http-equiv=\"refresh\"";
        var looks = 0;
        Write(this["run.json"], History(1));
        ReportCommand.Report([this["run.json"]], this["page.html"], () =>
        {
            var page = File.ReadAllText(this["page.html"]);
            StringAssert.Contains(page, reload);
            StringAssert.Contains(page, $"{++looks} of 3 epochs");
            Write(this["run.json"], History(looks + 1));
            return false;
        });
        Assert.AreEqual(2, looks);
        Assert.DoesNotContain(reload, File.ReadAllText(this["page.html"]));
    }

    [TestMethod]
    public void A_page_that_is_stopped_before_its_run_is_over_reloads_no_more()
    {
        // The run has not written anything yet, then something, then a half of something.
        var looks = 0;
        ReportCommand.Report([this["run.json"]], this["page.html"], () =>
        {
            switch (++looks)
            {
                case 1:
                    Assert.IsFalse(File.Exists(this["page.html"]));
                    Write(this["run.json"], History(1));
                    return false;
                case 2:
                    File.WriteAllText(this["run.json"], "{");
                    return false;
                default:
                    StringAssert.Contains(File.ReadAllText(this["page.html"]), "refresh");
                    return true;
            }
        });
        var page = File.ReadAllText(this["page.html"]);
        StringAssert.Contains(page, "1 of 3 epochs");
        Assert.DoesNotContain("refresh", page);
        Assert.IsNull(ReportCommand.Report([this["none.json"]], null, () => true));
        Assert.IsFalse(File.Exists(this["none.html"]));
    }
}
