using System.CommandLine;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune quickstart</c>: the main workflow from data to a saved model, with nothing to prepare.</summary>
internal static class QuickstartCommand
{
    internal static Command Create()
    {
        var mnist = Option<DirectoryInfo?>(
            "--mnist", "DIR", "A folder with the four MNIST files (plain or .gz) [default: Fashion-MNIST if "
            + "Debian's package dataset-fashion-mnist is installed, otherwise digits that are drawn].");
        var drawn = Option<bool>("--drawn", null, "Draw digits, even where Fashion-MNIST is installed.");
        var train = Option<int?>(
            "--train", "N", "How many pictures to train on [default: all, or 110000 drawn ones].");
        var test = Option<int?>("--test", "N", "How many pictures to test with [default: all, or 3000 drawn ones].");
        var epochs = Option("--epochs", "N", "How often the training pictures are gone through.", () => 5);
        var sparsity = Option("--sparsity", "FRACTION", "The fraction of weights to prune while training; 0 for none.", () => 0.8);
        var merge = Option(
            "--merge", "N", "How many of an image's tokens merge into others: a fraction up to 0.5, or a number; 0 for none.", () => 0.5);
        var compare = Option<bool>("--compare", null, "Train a second model without merging and pruning as well, "
            + "which takes about twice as long, and compare what they answer.");
        var seed = Option("--seed", "N", "The seed of everything random.", () => 1);
        var output = Option("--output", "DIR", "Where the model and the report go.",
            () => new DirectoryInfo(Path.Combine("artifacts", "quickstart")));
        AtLeast(1, [train, test, epochs]);
        AtLeast(0, [seed]);
        sparsity.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (>= 0 and < 1))
                r.AddError($"--sparsity is {r.Tokens[0].Value}; it must be at least 0 and less than 1, such as 0.8.");
        });

        const string Purpose = "Train a vision transformer on merged tokens and prune it as it trains, compare it with a plain one, "
            + "save it, load it again and predict with it.";
        var command = new Command("quickstart", Purpose) { mnist, drawn, train, test, epochs, sparsity, merge, compare, seed, output };
        command.SetAction((parsed, cancellation) => Errors.Guard(() => new Quickstart
        {
            Mnist = parsed.GetValue(mnist)?.FullName,
            Drawn = parsed.GetValue(drawn),
            TrainCount = parsed.GetValue(train),
            TestCount = parsed.GetValue(test),
            Epochs = parsed.GetValue(epochs),
            Sparsity = parsed.GetValue(sparsity),
            Merge = parsed.GetValue(merge),
            Compare = parsed.GetValue(compare),
            Seed = parsed.GetValue(seed),
            Output = parsed.GetValue(output)!.FullName,
        }.Run(cancellation)));
        return command;
    }

    static Option<T> Option<T>(string name, string? helpName, string description, Func<T>? initial = null)
    {
        var option = new Option<T>(name) { Description = description, HelpName = helpName };
        if (initial is not null)
            option.DefaultValueFactory = _ => initial();
        return option;
    }

    static void AtLeast(int minimum, Option[] options)
    {
        foreach (var option in options)
            option.Validators.Add(r =>
            {
                if (r.Tokens.Count > 0 && int.TryParse(r.Tokens[0].Value, out var n) && n < minimum)
                    r.AddError($"{option.Name} is {n}; it must be at least {minimum}.");
            });
    }
}
