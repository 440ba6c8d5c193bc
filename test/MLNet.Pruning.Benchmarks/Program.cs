using MLNet.Pruning.Benchmarks;
using MLNet.Pruning.Native;

// What is measured, each beside its peer in the same run.
LibTorch.Load();
(string Name, string Arguments, string What, Action<string[]> Run)[] parts =
[
    ("train", "[rounds] [networks]", "training beside a plain TorchSharp loop and PyTorch: fc, tabular, vit, vit25, cnn; and masked: with 90 % of the weights inactive beside all of them", Train.Run),
    ("observe", "[rounds] [criteria]", "what observing for contributions, or for other criteria by name, costs an epoch", Observing.Run),
    ("replicas", "[rounds]", "two replicas beside one, and beside two trainings that know nothing of each other", ReplicaScaling.Run),
    ("memory", "[steps]", "live tensors and resident memory over many steps", Memory.Run),
    ("step", "[rows] [sizes]", "where the microseconds of a training step go", StepProfile.Run),
    ("contribution", "[rounds]", "scoring neurons beside PyTorch by broadcasting, and beside a convolution's own forward pass",
        Contributions.Run),
    ("merge", "[rounds]", "token merging beside ToMe's way in PyTorch", Merging.Run),
    ("masks", "[rounds] [part of a name]", "what weight masks and burden statistics add to a step", Masking.Run),
    ("sparse", "[milliseconds]", "layers with inactive weights: dense, sparse, and PyTorch's own sparse product", SparseLayers.Run),
    ("threads", "[milliseconds]", "scoring on one of LibTorch's threads and on all", ScoringThreads.Run),
    ("predict", "[turns]", "the quickstart's pipeline in a prediction engine and from a view", Predicting.Run),
    ("compress", "[epochs]", "the comparators PQH and FPRL on 784-300-100-10", Compressing.Run),
    ("score", "[parts of networks' names]",
        "scoring plans beside ONNX Runtime, a sparse layer beside LibTorch's dense product; pairs: half of the neurons, and int8", PlanScoring.Run),
    ("check", "[the same]", "whether plans and ONNX Runtime agree", PlanScoring.Check),
    ("modules", "", "plans of modules of the user's own beside LibTorch and ONNX Runtime, one thread each", ModuleScoring.Run),
    ("kernels", "", "what kernels of scoring plans take, which their rule is from", KernelCosts.Run),
    ("budget", "[seeds] [part of the latency] [weights]", "networks pruned to a latency, and measured afterwards", Budgets.Run),
    ("saving", "[rounds]", "saving and loading 85 million parameters beside copying their bytes", Saving.Run),
    ("files", "[folder]", "writes the models that the tests of scoring plans load", SavedModels.Run),
];
var rest = args.Skip(1).ToArray();
switch (args.FirstOrDefault())
{
    case null or "all":
        foreach (var part in parts.Where(p => p.Name is "train" or "observe" or "replicas" or "memory"))
            part.Run([]);
        return 0;
    case "contender":
        Contender.Run(rest);
        return 0;
    case var name when parts.FirstOrDefault(p => p.Name == name) is { Run: not null } part:
        part.Run(rest);
        return Environment.ExitCode;
    default:
        Console.Error.WriteLine("usage: bench.sh [part]; without one: train, observe, replicas and memory");
        foreach (var part in parts)
            Console.Error.WriteLine($"  {part.Name + " " + part.Arguments,-34} {part.What}");
        return 2;
}
