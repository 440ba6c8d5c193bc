using MLNet.Pruning.Benchmarks;
using MLNet.Pruning.Native;

// What is measured, each beside its peer in the same run; see bench.sh.
LibTorch.Load();
var what = args.Length > 0 ? args[0] : "";
var rest = args.Skip(1).ToArray();
switch (what)
{
    case "train":
        Train.Run(rest);
        break;
    case "replicas":
        ReplicaScaling.Run(rest);
        break;
    case "memory":
        Memory.Run(rest);
        break;
    case "contribution":
        Contributions.Run(rest);
        break;
    case "step":
        StepProfile.Run(rest);
        break;
    case "observe":
        Observing.Run(rest);
        break;
    case "compress":
        Compressing.Run(rest);
        break;
    case "merge":
        Merging.Run(rest);
        break;
    case "masks":
        Masking.Run(rest);
        break;
    case "sparse":
        SparseLayers.Run(rest);
        break;
    case "threads":
        ScoringThreads.Run(rest);
        break;
    case "vit":
        Transformers.Run(rest);
        break;
    case "vit-memory":
        Transformers.Memory(rest);
        break;
    default:
        Console.Error.WriteLine("usage: train [rounds] | replicas [rounds] | memory [steps] | step [rows] [sizes] | contribution [rounds] | observe [rounds] [criteria] | compress [epochs] | merge [rounds] | masks [rounds] [a part of a row's name] | sparse [milliseconds] | threads [milliseconds] | vit [rounds]");
        return 2;
}
return 0;
