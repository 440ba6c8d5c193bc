using Microsoft.ML;

namespace MLNet.Pruning.Recipes.Tests;

[TestClass]
public sealed class MistakeTests
{
    static string Message(string text)
    {
        var failure = Assert.ThrowsExactly<RecipeException>(() => Recipe.Parse(text).Build(new MLContext(1)));
        StringAssert.StartsWith(failure.Message, failure.Line == 0 ? "recipe: " : $"recipe({failure.Line},{failure.Column}): ");
        return failure.Message;
    }

    [TestMethod]
    [DataRow("epochs: 3", "epoch: 3", "recipe(15,3): PrunedVit has no key 'epoch'. Did you mean 'epochs'?")]
    [DataRow("epochs: 3", "epochs: many", "recipe(15,11): epochs is 'many'; wanted a whole number.")]
    [DataRow("epochs: 3", "epochs: '3'", "recipe(15,11): epochs is the text '3'; wanted a whole number.")]
    [DataRow("epochs: 3", "epochs: [3]", "recipe(15,11): epochs is a list; wanted a whole number.")]
    [DataRow("epochs: 3", "epochs: null", "recipe(15,11): epochs is nothing; wanted a whole number.")]
    [DataRow("epochs: 3", "epochs: -1", "recipe(15,11): Epochs is -1")]
    [DataRow("epochs: 3", "epochs: 3\n  epochs: 4", "recipe(16,3): 'epochs' stands here a second time; the first is in line 15.")]
    [DataRow("type: PrunedVit", "type: PrunedVitt", "recipe(10,9): trainer has no type 'PrunedVitt'. Did you mean 'PrunedVit'?")]
    [DataRow("type: PrunedVit", "size: 3", "recipe(10,3): trainer needs a key 'type': ")]
    [DataRow("type: PrunedVit", "type: PrunedVit\n  task: Multi", "recipe(11,9): task has no value 'Multi'.")]
    [DataRow("type: cubic, start: 0, end: 2,", "type: cubic, start: 0,", "recipe(22,19): Cubic needs 'end': a whole number.")]
    [DataRow("type: cubic", "type: cube", "schedule has no type 'cube'. Did you mean 'Cubic'?")]
    [DataRow("scheduleIn: Epochs", "scheduleIn: Epoch", "scheduleIn has no value 'Epoch'. Did you mean 'Epochs'? Allowed: Steps, Epochs.")]
    [DataRow("seed: 1\n", "seed: one\n", "recipe(1,7): seed is 'one'; wanted a whole number.")]
    [DataRow("validation: 0.1", "validation: 10", "recipe(4,15): validation is 10; a part of the training rows is above 0 and below 1.")]
    [DataRow("type: MapValueToKey, outputColumnName: Label", "type: MapValueToKey", "MapValueToKey needs 'outputColumnName': a text.")]
    [DataRow("trainer:\n", "trainers:\n", "recipe(9,1): the recipe has no key 'trainers'. Did you mean 'trainer'?")]
    [DataRow("seed: 1\n", "seed: [1\n", "recipe(1,7): This is no YAML. Is a bracket, a brace or a quote open?")]
    [DataRow("seed: 1\n", "seed: &a 1\n", "recipe(1,7): Anchors (&) and aliases (*) are not supported")]
    [DataRow("seed: 1\n", "seed: !!int 1\n", "is not supported; put text into quotes")]
    [DataRow("seed: 1\n", "seed: 1\n---\n", "recipe(2,1): A recipe is one document")]
    [DataRow("heads: 2", "heads: 3", "recipe(12,8): Dim is 16; it must be a multiple of Heads, 3")]
    [DataRow("factor: 0.9", "factor: 0", "recipe(16,54): Schedule.Factor is 0; it must be above 0.")]
    public void A_mistake_is_named_with_its_line_and_what_is_allowed(string right, string wrong, string message)
    {
        string text = Recipes.Vit.ReplaceLineEndings("\n");
        Assert.AreEqual(2, text.Split(right).Length, $"'{right}' must stand there once.");
        StringAssert.Contains(Message(text.Replace(right, wrong, StringComparison.Ordinal)), message, StringComparison.OrdinalIgnoreCase);
    }

    [TestMethod]
    public void A_recipe_that_is_empty_or_nested_without_end_or_too_long_is_refused()
    {
        StringAssert.Contains(Message(""), "The recipe is empty.");
        StringAssert.Contains(Message("text"), "the recipe is 'text'; wanted the keys seed, data");
        StringAssert.Contains(Message("seed: " + new string('[', 100_000)), "Nested more than 32 levels deep.");
        StringAssert.Contains(Message("seed: 1"), "The recipe has no 'data'.");
        // What YAML's parser throws as mistakes of its caller.
        StringAssert.Contains(Message("seed: !a!**w**!l 1"), "undefined tag handle");
        StringAssert.Contains(Message("!!+**w**"), "not valid");
        StringAssert.Contains(Message("seed: \"\\U99999999\""), "not valid");
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, new string('#', 2_000_000));
            StringAssert.Contains(Assert.ThrowsExactly<RecipeException>(() => Recipe.Load(file)).Message, "a recipe has at most");
        }
        finally
        {
            File.Delete(file);
        }
        Assert.ThrowsExactly<FileNotFoundException>(() => Recipe.Load("no-such.yaml"));
    }

    [TestMethod]
    public void Whatever_a_file_holds_it_is_read_or_refused_with_a_place()
    {
        const string Letters = "{}[]:,-#&*!|>'\"%@` \n\tax0.\0\u2028";
        var random = new Random(5);
        string right = Recipes.Vit;
        for (int trial = 0; trial < 2_000; trial++)
        {
            char[] text = [.. right];
            for (int change = random.Next(1, 4); change > 0; change--)
                text[random.Next(text.Length)] = Letters[random.Next(Letters.Length)];
            try
            {
                Recipe.Parse(new string(text));
            }
            catch (RecipeException)
            {
            }
        }
    }

    [TestMethod]
    public void A_setting_replaces_a_value_and_a_wrong_one_is_named()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Recipes.Vit);
            string code = Recipe.Load(file, "trainer.epochs=7", "trainer.pruning.parts.0.schedule.target=0.5", "transforms.1.merge=0.25",
                "trainer.burden.interval=50", "after=").ToCode();
            foreach (string part in (string[])["Epochs = 7,", "end: 2, target: 0.5)", "merge: 0.25", "Burden = new() { Interval = 50 }"])
                StringAssert.Contains(code, part);
            Assert.DoesNotContain("MapKeyToValue", code);
            Wrong("trainer.epoch=7", "--set trainer.epoch=7: PrunedVit has no key 'epoch'. Did you mean 'epochs'?");
            Wrong("trainer.epochs=x", "--set trainer.epochs=x: epochs is 'x'; wanted a whole number.");
            Wrong("transforms.9.merge=0", "'9' is no position in a list of 2");
            Wrong("trainer.epochs.more=0", "'more' cannot be set: the recipe has '3' in its place.");
            Wrong("epochs", "A setting is a key, = and a value");

            void Wrong(string setting, string message) =>
                StringAssert.Contains(Assert.ThrowsExactly<RecipeException>(() => Recipe.Load(file, setting)).Message, message);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void A_recipe_may_be_JSON()
    {
        const string Json = """
            {
              "seed": 1,
              "data": { "train": { "type": "SynthesizeDigits", "count": 50 } },
              "trainer": { "type": "PrunedFeedForward", "epochs": 2 }
            }
            """;
        StringAssert.Contains(Recipe.Parse(Json).ToCode(), "Epochs = 2");
    }
}
