namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class DocsTests
{
    [TestMethod]
    public void The_documentation_shows_this_code()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "extending.md"));
        var shown = 0;
        var sources = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "sources"), "Own*.cs");
        foreach (var source in sources.Select(File.ReadAllText))
        {
            var from = source.IndexOf("// docs\n", StringComparison.Ordinal) + "// docs\n".Length;
            StringAssert.Contains(page, source[from..source.IndexOf("// end", StringComparison.Ordinal)]);
            shown++;
        }
        Assert.AreEqual(7, shown);
    }
}
