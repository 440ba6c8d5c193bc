// The neural burden paper's studies by name: a vision transformer pruned while it trains, beside trainings from scratch on the found
// subnetwork, with and without token merging.
//   dotnet run -c Release --project samples/NeuralBurden -- mnist --data DIR
using System.CommandLine;
using MLNet.Pruning;
using MLNet.Pruning.Samples.NeuralBurden;

var data = new Option<string?>("--data") { Description = "The folder with the data set's files.", HelpName = "DIR" };
var download = new Option<bool>("--download") { Description = "Fetch CIFAR-10 from its own site where it is not there." };
var size = new Option<StudySize>("--size")
{
    Description = "small (a minute or two), medium (an hour) or full.",
    DefaultValueFactory = _ => StudySize.Small,
};
var rows = new Option<int?>("--rows") { Description = "Train on the first so many images only.", HelpName = "N" };
var epochs = new Option<int?>("--epochs") { Description = "Epochs of each training.", HelpName = "N" };
var seeds = new Option<int?>("--seeds") { Description = "Seeds, each a training of each kind.", HelpName = "N" };
var sparsities = new Option<double[]>("--sparsity")
{
    Description = "Final inactive fractions of the weights [default: 0 0.5 0.8 0.9 0.95].",
    HelpName = "FRACTION ...",
    AllowMultipleArgumentsPerToken = true,
};
var study = new Option<double?>("--study")
{
    Description = "The sparsity at which trainings from scratch are compared [default: mnist 0.9, cifar10 0.95; if "
        + "--sparsity leaves that out, the highest given].",
    HelpName = "FRACTION",
};
var merging = new Option<string>("--merging")
{
    Description = "both, with or without: whether half of the tokens are merged.",
    DefaultValueFactory = _ => "both",
    HelpName = "WHICH",
};
var frozen = new Option<bool>("--frozen") { Description = "Freeze inactive weights; in the paper they continue to learn." };
var fading = new Option<double>("--fading")
{
    Description = "The fraction of its value that an inactive weight loses in every step; 0 for none, as in the paper.",
    DefaultValueFactory = _ => 0.001,
    HelpName = "PART",
};
var device = new Option<string>("--device")
{
    Description = "Where to train: cpu, cuda or cuda:N.",
    DefaultValueFactory = _ => "cpu",
    HelpName = "DEVICE",
};
var output = new Option<string>("--output")
{
    Description = "Where tables' data, curves and the page go. Trainings that are finished there are not repeated.",
    DefaultValueFactory = _ => Path.Combine("artifacts", "neural-burden"),
    HelpName = "DIR",
};
merging.AcceptOnlyFromAmong("both", "with", "without");

var root = new RootCommand("The neural burden paper's studies: what pruning costs the neurons that stay, and what merging "
    + "tokens gives back.");
foreach (var experiment in new[] { Experiments.Mnist, Experiments.Cifar10 })
{
    var command = new Command(experiment.Name,
        $"A vision transformer on {(experiment == Experiments.Mnist ? "MNIST (drawn digits without --data)" : "CIFAR-10")}.")
    {
        data, download, size, rows, epochs, seeds, sparsities, study, merging, frozen, fading, device, output,
    };
    command.SetAction((parsed, cancellation) => Task.FromResult(Guarded(() => experiment.Run(Of(parsed, cancellation) with
    {
        Download = parsed.GetValue(download),
        Sparsities = parsed.GetValue(sparsities) ?? [],
        Study = parsed.GetValue(study),
    }))));
    root.Add(command);
}

var sparsity = new Option<double>("--sparsity")
{
    Description = "The final inactive fraction of the weights.",
    DefaultValueFactory = _ => 0.95,
    HelpName = "FRACTION",
};
var temperature = new Option<double>("--temperature")
{
    Description = "What softens the answers of teacher and student before they are compared.",
    DefaultValueFactory = _ => 4,
    HelpName = "T",
};
var weight = new Option<double>("--weight")
{
    Description = "The weight of the teacher's answers beside that of the labels.",
    DefaultValueFactory = _ => 0.5,
    HelpName = "PART",
};
var holdOut = new Option<int>("--hold-out")
{
    Description = "Test on the last so many training images, and train on the others: to choose temperature and weight.",
    HelpName = "N",
};
var distill = new Command("distill", "A dense network teaches the pruned one: a vision transformer on MNIST (drawn digits without --data).")
{
    data, size, rows, epochs, seeds, sparsity, temperature, weight, holdOut, merging, frozen, fading, device, output,
};
distill.SetAction((parsed, cancellation) => Task.FromResult(Guarded(() => new DistillationStudy
{
    Settings = Of(parsed, cancellation),
    Sparsity = parsed.GetValue(sparsity),
    Temperature = parsed.GetValue(temperature),
    Weight = parsed.GetValue(weight),
    HoldOut = parsed.GetValue(holdOut),
}.Run())));
root.Add(distill);
return await root.Parse(args).InvokeAsync();

Settings Of(ParseResult parsed, CancellationToken cancellation) => new()
{
    Data = parsed.GetValue(data),
    Size = parsed.GetValue(size),
    Rows = parsed.GetValue(rows),
    Epochs = parsed.GetValue(epochs),
    Seeds = parsed.GetValue(seeds),
    Merging = parsed.GetValue(merging) switch { "with" => [true], "without" => [false], _ => [false, true] },
    Reactivation = parsed.GetValue(frozen) ? Reactivation.Frozen : Reactivation.Persistent,
    Fading = parsed.GetValue(frozen) ? 0 : parsed.GetValue(fading),
    Device = parsed.GetValue(device)!,
    Output = parsed.GetValue(output)!,
    Cancellation = cancellation,
};

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
    catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException or InvalidOperationException)
    {
        Console.Error.WriteLine($"error: {string.Join(' ', e.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries))}");
        return 1;
    }
}
