using System.CommandLine;
using MLNet.Pruning.Tool.Recipes;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune predict</c>: predictions of a saved model for pictures or the rows of a CSV file.</summary>
internal static class PredictCommand
{
    internal static Command Create()
    {
        var model = new Argument<FileInfo>("model") { Description = "A model that mlprune train or mlContext.Model.Save wrote." };
        var inputs = new Argument<string[]>("input")
        {
            Description = "Pictures, folders of pictures, or CSV files whose first line names "
            + "the columns.",
            Arity = ArgumentArity.OneOrMore
        };
        var top = new Option<int>("--top")
        {
            Description = "How many labels to show for each input, the most probable first.",
            HelpName = "N",
            DefaultValueFactory = _ => 1
        };
        var csv = new Option<bool>("--csv") { Description = "Write comma-separated values instead of a table." };
        top.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError($"--top is {result.GetValueOrDefault<int>()}; it must be at least 1.");
        });
        const string Purpose = "Predict pictures or the rows of a CSV file with a saved model: labels and probabilities, or numbers.";
        var command = new Command("predict", Purpose) { model, inputs, top, csv };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            var table = FilePredictions.Of(
                parsed.GetValue(model)!.ToString(), parsed.GetValue(inputs)!, parsed.GetValue(top), parsed.GetValue(csv), cancellation);
            Console.Write(parsed.GetValue(csv) ? Csv.Of(table) : table.ToString());
        }));
        return command;
    }
}
