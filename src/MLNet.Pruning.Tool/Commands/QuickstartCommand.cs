using System.CommandLine;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune quickstart</c>: the main job from data to a saved model, with nothing to prepare.</summary>
internal static class QuickstartCommand
{
    internal static Command Create()
    {
        var mnist = new Option<DirectoryInfo?>("--mnist") { Description = "A folder with the four MNIST files (plain or .gz). Without it, digits are synthesized.", HelpName = "DIR" };
        var train = new Option<int?>("--train") { Description = "How many digits to train on [default: 30000 synthesized ones, or all of MNIST's].", HelpName = "N" };
        var test = new Option<int?>("--test") { Description = "How many digits to test with [default: 5000 synthesized ones, or all of MNIST's].", HelpName = "N" };
        var hidden = new Option<int[]>("--hidden") { Description = "Neurons of each hidden layer [default: 256 128].", HelpName = "N N ...", AllowMultipleArgumentsPerToken = true };
        var epochs = new Option<int>("--epochs") { Description = "How often the training digits are gone through.", DefaultValueFactory = _ => 12, HelpName = "N" };
        var prune = new Option<double>("--prune") { Description = "The fraction of hidden neurons to prune while training; 0 for none.", DefaultValueFactory = _ => 0.7, HelpName = "FRACTION" };
        var seed = new Option<int>("--seed") { Description = "The seed of everything random.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var output = new Option<DirectoryInfo>("--output") { Description = "Where the model and the report go.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("artifacts", "quickstart")), HelpName = "DIR" };
        AtLeast(1, [train, test, epochs]);
        AtLeast(0, [seed]);
        prune.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (>= 0 and < 1))
                r.AddError($"--prune is {r.Tokens[0].Value}; it must be at least 0 and less than 1, such as 0.7.");
        });
        hidden.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int[]>() is { } sizes && sizes.Any(n => n < 1))
                r.AddError($"--hidden is {string.Join(' ', sizes)}; every layer needs at least 1 neuron.");
        });

        var command = new Command("quickstart", "Train a digit classifier and prune it as it trains, compare it with an unpruned one, save it, load it again and predict with it.") { mnist, train, test, hidden, epochs, prune, seed, output };
        command.SetAction((parsed, cancellation) => Errors.Guard(() => new Quickstart
        {
            Mnist = parsed.GetValue(mnist)?.FullName,
            TrainCount = parsed.GetValue(train),
            TestCount = parsed.GetValue(test),
            HiddenSizes = parsed.GetValue(hidden) is { Length: > 0 } sizes ? sizes : [256, 128],
            Epochs = parsed.GetValue(epochs),
            Prune = parsed.GetValue(prune),
            Seed = parsed.GetValue(seed),
            Output = parsed.GetValue(output)!.FullName,
        }.Run(cancellation)));
        return command;
    }

    static void AtLeast(int least, Option[] options)
    {
        foreach (var option in options)
            option.Validators.Add(r =>
            {
                if (r.Tokens.Count > 0 && int.TryParse(r.Tokens[0].Value, out var n) && n < least)
                    r.AddError($"{option.Name} is {n}; it must be at least {least}.");
            });
    }
}
