using MLNet.Pruning.Plans.Benchmarks;

// Scoring plans beside ONNX Runtime, in the same run and in turn.
switch (args.FirstOrDefault())
{
    case "score":
        Scoring.Run(args[1..]);
        break;
    case "kernels":
        Subject.WriteModels();
        KernelCosts.Run();
        break;
    case "check":
        return Scoring.Check(args[1..]);
    default:
        Console.Error.WriteLine("usage: kernels | score [parts of networks' names] | check [the same]");
        return 2;
}
return 0;
