namespace MLNet.Pruning.Tool.Tests;

[TestClass]
public sealed class TrainTests
{
    [TestMethod]
    public void A_run_that_was_cancelled_leaves_a_checkpoint_and_the_command_that_goes_on_works()
    {
        using var shell = new Shell();
        var stopped = shell.Run("train r.yaml --set trainer.epochs=4 --set 'trainer.hiddenSizes=[8, 6]' --output cut --json",
            cancelAfter: "\"epoch\":2");
        Assert.IsTrue(File.Exists("cut/run.checkpoint"));
        Assert.IsFalse(File.Exists("cut/result.json"));
        var rest = shell.GoOn(stopped);
        Assert.AreEqual(0, rest.Code, rest.Error);
        Assert.Contains("Goes on from", rest.Out);
        Assert.DoesNotContain("epoch   2/4", rest.Out);
        Assert.Contains("epoch   4/4", rest.Out);
        Assert.IsFalse(File.Exists("cut/run.checkpoint"));
        var whole = shell.Run("train r.yaml --set trainer.epochs=4 --set 'trainer.hiddenSizes=[8, 6]' --output whole");
        Assert.AreEqual(Figures(whole), Figures(rest), "the run that was cut ends like the one that was not");

        static string Figures(Outcome outcome) => outcome.Lines.Single(line => line.Contains("validation accuracy  ", StringComparison.Ordinal)
            && !line.StartsWith("epoch", StringComparison.Ordinal));
    }

    [TestMethod]
    public void A_checkpoint_of_other_settings_is_refused_with_what_to_do()
    {
        using var shell = new Shell();
        Assert.AreEqual(130, shell.Run("train r.yaml --set trainer.epochs=3", cancelAfter: "epoch   2/3").Code);
        var other = shell.Run("train r.yaml --set trainer.epochs=3 --set 'trainer.hiddenSizes=[9]'");
        Assert.AreEqual(1, other.Code);
        Assert.Contains("--fresh begins anew", other.Error);
        Assert.AreEqual(0, shell.Run("train r.yaml --set trainer.epochs=3 --set 'trainer.hiddenSizes=[9]' --fresh").Code);
    }

    [TestMethod]
    public void The_program_of_a_recipe_goes_to_a_file_or_the_console()
    {
        using var shell = new Shell();
        string code = shell.Run("code r.yaml").Out;
        Assert.AreEqual(0, shell.Run("code r.yaml -o Program.cs").Code);
        Assert.AreEqual(code, File.ReadAllText("Program.cs"));
        Assert.Contains("PrunedFeedForward", code);
    }
}
