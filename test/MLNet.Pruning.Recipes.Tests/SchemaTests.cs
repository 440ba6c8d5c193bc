using System.Text.RegularExpressions;

namespace MLNet.Pruning.Recipes.Tests;

[TestClass]
public sealed partial class SchemaTests
{
    [TestMethod]
    public void The_schema_in_the_docs_is_current()
    {
        string written = RecipeSchema.Write();
        Assert.AreEqual(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "recipe.schema.json")).ReplaceLineEndings("\n"), written,
            "An option has changed. Write the schema anew: mlprune schema > docs/recipe.schema.json");
    }

    [TestMethod]
    public void Every_recipe_in_the_docs_is_one()
    {
        string folder = Directory.CreateTempSubdirectory("recipes").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "houses.csv"), "area,rooms,age,price\n1,2,3,4\n");
            string[] blocks = [.. Blocks().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "recipes.md")))
                .Select(match => match.Groups[1].Value)];
            Assert.IsGreaterThanOrEqualTo(2, blocks.Length);
            foreach (string block in blocks)
                Assert.IsEmpty(CompiledProgram.Errors(Recipe.Parse(block, folder).ToCode(folder)), block);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
