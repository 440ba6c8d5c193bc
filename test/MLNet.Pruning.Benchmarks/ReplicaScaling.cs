namespace MLNet.Pruning.Benchmarks;

/// <summary>784-512-256-10: two replicas against one, in turn, and beside them what the two cores can do at all: two trainings that have nothing to do with each other.</summary>
static class ReplicaScaling
{
    public static void Run(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0]) : 9;
        var (train, _, _) = Examples.Load(3_840);
        foreach (var blueprint in new[] { new FeedForwardBlueprint([784, 512, 256, 10]), new FeedForwardBlueprint([784, 50, 30, 10]) })
        {
            List<double> one = [], two = [], apart = [];
            for (var round = 0; round < rounds; round++)
            {
                one.Add(Rate(1));
                two.Add(Rate(2));
                apart.Add(Apart());
            }
            Table.Title($"Replicas, {string.Join('-', blueprint.Sizes)}, batch 128, Adam, images/s (median of {rounds} interleaved rounds)");
            Table.Row("1 replica", $"{Table.Median(one):N0}", $"best {one.Max():N0}");
            Table.Row("2 replicas", $"{Table.Median(two):N0}", $"best {two.Max():N0}");
            Table.Row("2 trainings side by side, half the batch each", $"{Table.Median(apart):N0}", $"best {apart.Max():N0}");
            Table.Row("2 replicas / 1 replica", $"{Table.Median(two.Zip(one, (a, b) => a / b)):F2}x", $"of the best: {two.Max() / one.Max():F2}x{(blueprint.Sizes[1] == 512 ? " (wanted: at least 1.7x)" : "")}");

            Table.Row("2 trainings / 1 replica", $"{Table.Median(apart.Zip(one, (a, b) => a / b)):F2}x", $"of the best: {apart.Max() / one.Max():F2}x (what these cores can do)");

            double Apart()
            {
                var rates = new double[2];
                Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => rates[i] =
                    Train.Ours(blueprint, train, null, new TrainingOptions { Epochs = 8, BatchSize = 64, Replicas = 1 }).Epochs.Skip(2).Max(e => e.RowsPerSecond));
                return rates.Sum();
            }

            double Rate(int replicas) => Train.Ours(blueprint, train, null, new TrainingOptions { Epochs = 12, Replicas = replicas }).Epochs.Skip(2).Max(e => e.RowsPerSecond);
        }
    }
}
