using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MLNet.Pruning.Documentation.Tests;

/// <summary>Links between pages lead somewhere: the file is there, and so is the heading.</summary>
[TestClass]
public sealed partial class LinkTests
{
    static readonly string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    static string Here([CallerFilePath] string path = "") => path;

    static string[] Docs => [.. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md").Order()];

    [TestMethod]
    public void A_link_leads_to_a_file_and_to_a_heading_in_it()
    {
        string[] pages = [Path.Combine(root, "README.md"), .. Docs];
        var links = pages.SelectMany(page => Links(page).Select(link => (Page: page, Link: link))).ToArray();
        Assert.IsGreaterThan(100, links.Length);
        string[] dead = [.. links.Where(found => IsDead(found.Page, found.Link))
            .Select(found => $"{Path.GetRelativePath(root, found.Page)}: {found.Link}")];
        Assert.IsEmpty(dead, string.Join(Environment.NewLine, dead));
    }

    [TestMethod]
    public void A_dead_link_is_found_out()
    {
        var page = Path.Combine(root, "docs", "training.md");
        Assert.IsTrue(IsDead(page, "no-such-page.md"));
        Assert.IsTrue(IsDead(page, "masks.md#no-such-heading"));
        Assert.IsTrue(IsDead(page, "#no-such-heading"));
        Assert.IsFalse(IsDead(page, "#resume-a-run"));
    }

    [TestMethod]
    public void A_package_page_links_to_nothing_beside_it()
    {
        var pages = Directory.GetFiles(Path.Combine(root, "src"), "README.md", SearchOption.AllDirectories);
        Assert.HasCount(Directory.GetFiles(Path.Combine(root, "src"), "*.csproj", SearchOption.AllDirectories).Length, pages);
        string[] links = [.. pages.SelectMany(Links)];
        Assert.IsEmpty(links, string.Join(", ", links));
    }

    [TestMethod]
    public void The_site_lists_every_page()
    {
        string[] toc = [.. Listed().Matches(File.ReadAllText(Path.Combine(root, "docs", "guide", "toc.yml"))).Select(m => m.Groups[1].Value)];
        CollectionAssert.AreEquivalent(Docs.Select(Path.GetFileName).ToArray(), toc);
    }

    // Those to other sites are not looked at.
    static IEnumerable<string> Links(string page) => Link().Matches(Code().Replace(File.ReadAllText(page), ""))
        .Select(match => match.Groups["target"].Value).Where(target => !target.Contains("://", StringComparison.Ordinal));

    static bool IsDead(string page, string link)
    {
        var parts = link.Split('#', 2);
        var file = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]));
        return parts.Length == 1 ? !File.Exists(file) : !File.Exists(file) || !Headings(file).Contains(parts[1]);
    }

    /// <summary>As GitHub and docfx name them: in small letters, without signs, spaces as hyphens.</summary>
    static HashSet<string> Headings(string page) => [.. Heading().Matches(Code().Replace(File.ReadAllText(page), ""))
        .Select(match => Sign().Replace(match.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```.*?^```|`[^`\n]+`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex Sign();

    [GeneratedRegex(@"href: \.\./(\S+\.md)")]
    private static partial Regex Listed();
}
