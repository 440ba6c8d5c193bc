using System.Text.Json;

namespace MLNet.Pruning.Tool.Tests;

/// <summary>What users get wrong, on purpose.</summary>
[TestClass]
public sealed class MistakeTests
{
    [TestMethod]
    [DataRow("trian r.yaml", "train")]
    [DataRow("train r.yaml --frsh", "--fresh")]
    [DataRow("swep r.yaml", "sweep")]
    public void A_mistyped_command_or_option_is_answered_with_the_one_that_was_meant(string line, string meant)
    {
        using var shell = new Shell();
        var outcome = shell.Run(line);
        Assert.AreEqual(1, outcome.Code);
        Assert.Contains($"Did you mean one of the following?\n{meant}\n", (outcome.Out + outcome.Error).ReplaceLineEndings("\n"));
        Assert.DoesNotContain("Usage:", outcome.Out);
    }

    [TestMethod]
    [DataRow("train none.yaml", "There is no recipe 'none.yaml'.")]
    [DataRow("train folder", "'folder' is a folder; a recipe is a file.")]
    [DataRow("train r.yaml --set trainer.epoch=1", "PrunedFeedForward has no key 'epoch'. Did you mean 'epochs'?")]
    [DataRow("train r.yaml --set trainr.epochs=1", "Did you mean 'trainer'?")]
    [DataRow("train r.yaml --set trainer.epochs=many", "epochs is 'many'; wanted a whole number")]
    [DataRow("train r.yaml --set trainer.type=PrunedVitt", "Did you mean 'PrunedVit'?")]
    [DataRow("train r.yaml --set data.train=null", "train")]
    [DataRow("train nodata.yaml", "The recipe has no 'data'.")]
    [DataRow("train empty.yaml", "The recipe is empty. `mlprune new` writes one to begin with.")]
    [DataRow("train open.yaml", "This is no YAML")]
    [DataRow("train r.yaml --set 'data.train={ type: LoadMnist, directory: nowhere }'", "nowhere")]
    [DataRow("evaluate r.yaml", "train the recipe first, or say --model")]
    [DataRow("evaluate r.yaml --model r.yaml", "r.yaml' is no model that")]
    [DataRow("evaluate r.yaml --model folder", "folder' is a folder; wanted a model")]
    [DataRow("predict none.zip a.png", "There is no file")]
    [DataRow("predict r.yaml r.csv", "r.yaml' is no model that")]
    [DataRow("predict folder r.csv", "is a folder")]
    [DataRow("inspect none.zip", "none.zip")]
    [DataRow("inspect r.yaml", "r.yaml")]
    [DataRow("inspect folder", "is a folder")]
    [DataRow("export none.zip", "none.zip")]
    [DataRow("export r.yaml", "r.yaml' is no model that")]
    [DataRow("export folder", "is a folder")]
    [DataRow("report none", "none")]
    [DataRow("report folder", "has no model with a training history")]
    [DataRow("code none.yaml", "There is no recipe 'none.yaml'.")]
    [DataRow("new images", "Say where the data are: mlprune new images PATH")]
    [DataRow("new images r.yaml -o n.yaml", "'r.yaml'")]
    [DataRow("new csv folder -o n.yaml", "'folder'")]
    [DataRow("new digits -o r.yaml", "is there already")]
    [DataRow("new csv r.csv --label prise -o n.yaml", "has no column 'prise'")]
    public void A_mistake_is_one_line_that_names_what_is_wrong(string line, string message)
    {
        using var shell = new Shell();
        Directory.CreateDirectory("folder");
        File.WriteAllText("nodata.yaml", "trainer: PrunedVit");
        File.WriteAllText("empty.yaml", "# nothing\n");
        File.WriteAllText("open.yaml", "data: {");
        File.WriteAllText("r.csv", "a,price\n1,2\n");
        Assert.Contains(message, shell.Run(line).ErrorLine);
    }

    [TestMethod]
    public void Without_a_command_the_commands_are_shown()
    {
        using var shell = new Shell();
        var help = shell.Run("");
        Assert.AreEqual(0, help.Code);
        foreach (var command in CommandLine.Root().Subcommands)
            Assert.Contains($"  {command.Name} ", help.Out);
    }

    [TestMethod]
    public void What_machines_read_is_an_object_a_line()
    {
        using var shell = new Shell();
        foreach (string line in shell.Run("train r.yaml --json").Lines.Concat(shell.Run("evaluate r.yaml --json").Lines))
            Assert.AreEqual(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind);
        foreach (string line in shell.Run("sweep r.yaml --vary trainer.epochs=1,2 --json").Lines)
            Assert.AreEqual(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind);
        JsonDocument.Parse(shell.Run("schema").Out);
    }
}
