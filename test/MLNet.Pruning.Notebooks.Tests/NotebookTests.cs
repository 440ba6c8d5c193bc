using TorchSharp;

namespace MLNet.Pruning.Notebooks.Tests;

[TestClass]
public sealed class NotebookTests
{
    const string Update = "UPDATE_NOTEBOOKS=1 ./test.sh Notebooks.Tests saves the outputs of its run";

    static readonly bool update = Environment.GetEnvironmentVariable("UPDATE_NOTEBOOKS") == "1";

    static string PathOf(string notebook) => Path.Combine(NotebookRun.Folder, notebook);

    public static IEnumerable<object[]> All() => Directory.EnumerateFiles(NotebookRun.Folder, "*.ipynb").Order()
        .Select(path => new object[] { Path.GetFileName(path) });

    [TestMethod]
    public void There_are_notebooks() => Assert.IsGreaterThanOrEqualTo(6, All().Count());

    [TestMethod]
    [DynamicData(nameof(All))]
    public async Task Every_cell_runs(string notebook)
    {
        var run = new NotebookRun(PathOf(notebook));
        var errors = await run.Execute();
        Assert.IsEmpty(errors, $"{notebook}: {string.Join(Environment.NewLine, errors)}");
        Assert.IsNotEmpty(run.Outputs, $"{notebook} shows nothing.");
        CheckOutputs(notebook, run);
        if (update)
            run.Save();
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void Its_outputs_are_saved(string notebook)
    {
        if (update)
            Assert.Inconclusive("The outputs are just being written.");
        var saved = new NotebookRun(PathOf(notebook));
        Assert.IsTrue(saved.Code.All(cell => (int?)cell["execution_count"] > 0), $"{notebook} has a cell that was not run: {Update}.");
        Assert.IsGreaterThan(3, saved.Outputs.Count(), $"{notebook} has no outputs: {Update}.");
        CheckOutputs(notebook, saved);
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void It_begins_with_what_one_will_see_and_needs(string notebook)
    {
        var opening = new NotebookRun(PathOf(notebook)).Prose.First();
        StringAssert.StartsWith(opening, "# ");
        StringAssert.Contains(opening, "ou will see ");
        StringAssert.Contains(opening, "**You need**");
        foreach (var system in new[] { "win-x64", "win-arm64", "linux-x64", "osx-arm64" })
            StringAssert.Contains(opening, $"`libtorch-cpu-{system}`");
        StringAssert.Matches(opening, new(@"version\s2\.10\.0"));
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void Its_packages_are_ours_and_the_LibTorch_that_fits(string notebook)
    {
        var packages = new NotebookRun(PathOf(notebook)).Packages.ToArray();
        CollectionAssert.Contains(packages.Select(p => p.Id).ToArray(), "MLNet.Pruning");
        foreach (var (id, version) in packages)
        {
            if (id == "TorchSharp-cpu")
                Assert.AreEqual(typeof(torch).Assembly.GetName().Version!.ToString(3), version);
            else
                Assert.IsTrue(File.Exists(Path.Combine(AppContext.BaseDirectory, id + ".dll")), $"{notebook}: there is no package {id}.");
        }
    }

    static void CheckOutputs(string notebook, NotebookRun run)
    {
        string[] folders = [Path.GetTempPath(), NotebookRun.Folder, AppContext.BaseDirectory, "/home/", "/root/", "C:\\"];
        foreach (var text in run.Outputs)
            foreach (var folder in folders)
                Assert.IsFalse(text.Contains(folder, StringComparison.Ordinal), $"{notebook} shows a path of this machine: {text}");
    }
}
