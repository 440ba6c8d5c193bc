// The rank-based paper's experiments by name: unpruned, random and rank-based runs side by side on the same seeds.
//   dotnet run -c Release --project samples/RankPruning -- mnist --data DIR
using System.CommandLine;
using MLNet.Pruning.Samples.RankPruning;
using MLNet.Pruning.Samples.RankPruning.Protocol;

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
var tune = new Command("tune", "Chooses each method's settings on rows held out of the training set, and freezes them in a file.");
var final = new Command("final", "Runs what the file of settings says with all seeds and at all fractions, and looks at the test set.");
foreach (var study in Study.All)
    AddStudy(study);
root.Add(tune);
root.Add(final);
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

void AddStudy(Study study)
{
    var folder = new Option<string>("--data") { Description = "The folder with the data set's files.", HelpName = "DIR", Required = true };
    var results = new Option<string>("--output")
    {
        Description = "Where results go, a file for each run; a run whose file is there is not done again.",
        DefaultValueFactory = _ => Path.Combine("artifacts", "protocol"),
        HelpName = "DIR",
    };
    var settings = new Option<string>("--settings")
    {
        Description = "The file of settings.",
        DefaultValueFactory = _ => Path.Combine("samples", "RankPruning", "settings", $"{study.Name}.json"),
        HelpName = "FILE",
    };
    var budget = new Option<int>("--budget") { Description = "Settings to try for each method.", DefaultValueFactory = _ => 6 };
    var at = new Option<double>("--at") { Description = "The fraction at which they are tried.", DefaultValueFactory = _ => 0.68 };
    var fractions = new Option<double[]>("--fractions")
    {
        Description = "The fractions of the final runs.",
        DefaultValueFactory = _ => [0.30, 0.41, 0.50, 0.68, 0.80, 0.90],
        AllowMultipleArgumentsPerToken = true,
    };
    var names = new Option<string[]>("--methods")
    {
        Description = $"The methods: {string.Join(", ", Entrant.All.Select(e => e.Name))} [default: all].",
        AllowMultipleArgumentsPerToken = true,
    };
    var validation = new Option<int>("--validation")
    {
        Description = "Rows of the training set to hold out.",
        DefaultValueFactory = _ => study.Validation,
    };
    var tuning = new Command(study.Name, study.Network)
    {
        folder, rows, epochs, seeds, names, budget, at, fractions, validation, settings, results,
    };
    tuning.SetAction((parsed, cancellation) => Task.FromResult(Guarded(() =>
    {
        var file = parsed.GetValue(settings)!;
        var wanted = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. Entrant.All.Select(e => e.Name)];
        if (wanted.Except(Entrant.All.Select(e => e.Name)).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"There is no method '{unknown}'; there are {string.Join(", ", Entrant.All.Select(e => e.Name))}.");
        var plan = new Frozen
        {
            Study = study.Name,
            Epochs = parsed.GetValue(epochs) ?? study.Epochs,
            Rows = parsed.GetValue(rows) ?? study.Rows,
            Validation = parsed.GetValue(validation),
            TunedAt = parsed.GetValue(at),
            TuningSeed = 100,
            Budget = parsed.GetValue(budget),
            Seeds = [.. Enumerable.Range(1, parsed.GetValue(seeds) ?? study.Seeds)],
            Fractions = parsed.GetValue(fractions)!,
            Methods = [],
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        new Compare(study, parsed.GetValue(folder)!, parsed.GetValue(results)!, cancellation)
            .Tune(plan, [.. Entrant.All.Where(e => wanted.Contains(e.Name))], file);
    })));
    tune.Add(tuning);
    var running = new Command(study.Name, study.Network) { folder, settings, results };
    running.SetAction((parsed, cancellation) => Task.FromResult(Guarded(() =>
        new Compare(study, parsed.GetValue(folder)!, parsed.GetValue(results)!, cancellation)
            .Final(Frozen.Load(parsed.GetValue(settings)!)))));
    final.Add(running);
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
