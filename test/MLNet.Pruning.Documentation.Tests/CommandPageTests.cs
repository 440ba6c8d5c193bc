using MLNet.Pruning.Tool;

namespace MLNet.Pruning.Documentation.Tests;

[TestClass]
public sealed class CommandPageTests
{
    [TestMethod]
    public void The_page_of_the_commands_has_each_of_them_with_all_of_its_options()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "cli.md"));
        string[] sections = page.Split("\n## ");
        foreach (var command in CommandLine.Root().Subcommands)
        {
            string section = sections.SingleOrDefault(text => text.StartsWith($"{command.Name}\n", StringComparison.Ordinal))
                ?? throw new AssertFailedException($"docs/cli.md has no section '{command.Name}'.");
            foreach (var option in command.Options)
                Assert.Contains($"`{option.Name}", section, $"docs/cli.md, {command.Name}");
        }
    }
}
