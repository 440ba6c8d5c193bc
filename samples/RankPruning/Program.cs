// The rank-based paper's experiments by name: unpruned, random and rank-based runs side by side on the same seeds.
//   dotnet run -c Release --project samples/RankPruning -- mnist --data DIR
using System.CommandLine;
using MLNet.Pruning.Samples.RankPruning;

var data = new Option<string?>("--data") { Description = "The folder with the data set's files.", HelpName = "DIR" };
var download = new Option<bool>("--download") { Description = "Fetch the data set from its own site where it is not there." };
var rows = new Option<long?>("--rows") { Description = "Train on the first so many rows only [default: all; vae: 10000].", HelpName = "N" };
var epochs = new Option<int?>("--epochs") { Description = "Epochs of each run.", HelpName = "N" };
var maturity = new Option<int?>("--maturity") { Description = "Epochs before the first pruning event.", HelpName = "N" };
var every = new Option<int?>("--every") { Description = "Epochs between events.", HelpName = "N" };
var amount = new Option<double?>("--amount")
{
    Description = "The part of what is left that an event removes, such as 0.1.",
    HelpName = "FRACTION",
};
var target = new Option<double?>("--target") { Description = "The fraction of neurons to prune, such as 0.7.", HelpName = "FRACTION" };
var seeds = new Option<int?>("--seeds") { Description = "Seeds, each a run of each method.", HelpName = "N" };
var methods = new Option<string[]>("--methods")
{
    Description = $"Which runs stand side by side: {string.Join(", ", Classification.All)} [default: unpruned random rank].",
    HelpName = "NAME ...",
    AllowMultipleArgumentsPerToken = true,
};
var output = new Option<string>("--output")
{
    Description = "Where tables' data, curves and pictures go.",
    DefaultValueFactory = _ => Path.Combine("artifacts", "rank-pruning"),
    HelpName = "DIR",
};

var root = new RootCommand("The rank-based paper's experiments: neurons pruned while the network trains, by rank and at "
    + "random, beside a run without.");
foreach (var experiment in new[] { Experiments.Mnist, Experiments.Fashion, Experiments.Cifar10, Experiments.Cifar100, Experiments.Wide })
    Add(experiment.Name, $"{experiment.Network}, {experiment.Epochs} epochs, {experiment.Seeds} "
        + $"{(experiment.Seeds == 1 ? "seed" : "seeds")}.", experiment.Run);
Add("vae", "A variational autoencoder: loss by parameters, and reconstructions before and after.", Autoencoder.Run);
return await root.Parse(args).InvokeAsync();

void Add(string name, string description, Action<Settings> run)
{
    var command = new Command(name, description) { data, download, rows, epochs, maturity, every, amount, target, seeds, methods, output };
    command.SetAction((parsed, cancellation) => Task.FromResult(Guarded(() => run(new Settings
    {
        Data = parsed.GetValue(data),
        Download = parsed.GetValue(download),
        Rows = parsed.GetValue(rows),
        Epochs = parsed.GetValue(epochs),
        Maturity = parsed.GetValue(maturity),
        Every = parsed.GetValue(every),
        Amount = parsed.GetValue(amount),
        Target = parsed.GetValue(target),
        Seeds = parsed.GetValue(seeds),
        Methods = parsed.GetValue(methods) ?? [],
        Output = parsed.GetValue(output)!,
        Cancellation = cancellation,
    }))));
    root.Add(command);
}

static int Guarded(Action run)
{
    try
    {
        run();
        return 0;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Stopped.");
        return 130;
    }
    catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException)
    {
        Console.Error.WriteLine($"error: {string.Join(' ', e.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries))}");
        return 1;
    }
}
