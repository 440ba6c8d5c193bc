using System.Globalization;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Training beside a plain TorchSharp loop and beside PyTorch: epochs of each in turn, each in a process of its own, the peers on one thread and on two.</summary>
static class Train
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 11;
        var names = args.Length > 1 ? args[1].Split(',') : [.. Network.All.Select(network => network.Name), "masked"];
        var folder = Directory.CreateTempSubdirectory("mlprune-bench").FullName;
        try
        {
            foreach (var network in names.Where(name => name != "masked").Select(Network.Of))
                Measure(network, network.Load().Write(folder, network.Name), rounds);
            foreach (var network in names.Contains("masked") ? Network.Masked : [])
                MeasureMasked(network, network.Load().Write(folder, network.Name), rounds);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static void Measure(Network network, string rows, int rounds)
    {
        using var ours = Peer.Own("contender", "ours", network.Name, rows) ?? throw new InvalidOperationException("This program does not start itself.");
        using var onLibTorch = Peer.Own("contender", "libtorch", network.Name, rows) ?? throw new InvalidOperationException("This program does not start itself.");
        using var plain = Peer.Own("contender", "plain", network.Name, rows);
        using var fused = network.Blueprint is VitBlueprint ? Peer.Own("contender", "fused", network.Name, rows) : null;
        using var python = network.Blueprint is VaeBlueprint ? null : Peer.Python("train.py", network.Name, rows);
        (string Name, Peer? Peer)[] started = [("plain TorchSharp", plain), ("plain, fused attention", fused), ("PyTorch", python)];
        var peers = started.Where(p => p.Peer is not null).Select(p => (p.Name, Peer: p.Peer!, Rates: new[] { new List<double>(), new List<double>() })).ToList();
        List<double> our = [], withLibTorch = [];
        for (var round = 0; round < rounds; round++)
        {
            our.Add(Ask(ours, "epoch 0"));
            withLibTorch.Add(Ask(onLibTorch, "epoch 0"));
            foreach (var (_, peer, rates) in peers)
                for (var threads = 1; threads <= rates.Length; threads++)
                    rates[threads - 1].Add(Ask(peer, $"epoch {threads}"));
        }
        Table.Title($"Training {network.Title}, batch {network.Batch}, {network.Optimizer}, images/s (median of {rounds} interleaved epochs of {network.Images:N0}; load {Table.Load()})");
        Table.Row("ours", $"{Table.Median(our):N0}", $"best {our.Max():N0}; most memory {ours.Ask("memory"):N0} MB");
        Table.Row("ours, on LibTorch", $"{Table.Median(withLibTorch):N0}", $"best {withLibTorch.Max():N0}; ours / that {Table.Median(our.Zip(withLibTorch, (o, t) => o / t)):F2}x");
        foreach (var (name, peer, rates) in peers)
        {
            for (var threads = 1; threads <= rates.Length; threads++)
                Table.Row($"{name}, {threads} thread{(threads > 1 ? "s" : "")}", $"{Table.Median(rates[threads - 1]):N0}", $"best {rates[threads - 1].Max():N0}");
            var better = rates.MaxBy(Table.Median)!;
            var wanted = peer == plain ? $" (wanted: at least {network.Wanted:0.0}x)" : "";
            Table.Row($"ours / {name}", $"{Table.Median(our.Zip(better, (o, t) => o / t)):F2}x", $"of the best: {our.Max() / better.Max():F2}x; most memory {peer.Ask("memory"):N0} MB{wanted}");
        }
    }

    /// <summary>With 90 % of the weights inactive, cut anew every 100 steps, beside the same without masks.</summary>
    static void MeasureMasked(Network network, string rows, int rounds)
    {
        (string Name, string Way, double Wanted)[] ways = [("all weights", "ours", 1), ("frozen", nameof(Reactivation.Frozen), 2.5), ("persistent", nameof(Reactivation.Persistent), 1.5)];
        Peer[] peers = [.. ways.Select(way => Peer.Own("contender", way.Way, network.Name, rows) ?? throw new InvalidOperationException("This program does not start itself."))];
        try
        {
            var rates = peers.Select(_ => new List<double>()).ToArray();
            for (var round = 0; round < rounds; round++)
                for (var way = 0; way < peers.Length; way++)
                    rates[way].Add(Ask(peers[way], "epoch 0"));
            Table.Title($"Training {network.Title} masked, 90 % of the weights inactive, batch {network.Batch}, {network.Optimizer}, images/s (median of {rounds} interleaved epochs of {network.Images:N0}; load {Table.Load()})");
            for (var way = 0; way < peers.Length; way++)
                Table.Row(ways[way].Name, $"{Table.Median(rates[way]):N0}", $"{Table.Median(rates[way].Zip(rates[0], (o, t) => o / t)):F2}x; best {rates[way].Max():N0}"
                    + (way > 0 && network.Name == "vit" ? $" (wanted: at least {ways[way].Wanted:0.0}x)" : ""));
        }
        finally
        {
            foreach (var peer in peers)
                peer.Dispose();
        }
    }

    static double Ask(Peer peer, string question)
    {
        var rate = peer.Ask(question);
        peer.AwaitRest();
        return rate;
    }

    public static TrainingHistory Ours(Blueprint blueprint, IExampleSource train, IExampleSource? test, TrainingOptions options)
    {
        random.manual_seed(1);
        using var model = blueprint.Build();
        return new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = train, Validation = test, Objective = new CrossEntropy(10) }).History;
    }
}
