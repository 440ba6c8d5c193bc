namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class ReduceLROnPlateau : LRScheduler
                {
                    readonly bool lower;
                    readonly bool relative;
                    readonly double factor, threshold, eps;
                    readonly int patience, cooldown;
                    readonly List<double> floors;
                    readonly bool verbose;
                    double best;
                    int badEpochs;
                    int cooling;

                    public ReduceLROnPlateau(Optimizer optimizer, string mode = "min", double factor = 0.1, int patience = 10, double threshold = 1e-4, string threshold_mode = "rel", int cooldown = 0, IList<double>? min_lr = null, double eps = 1e-8, bool verbose = false)
                        : base(optimizer, -1, verbose)
                    {
                        if (factor >= 1.0)
                            throw new ArgumentException("Factor should be < 1.0");
                        if (mode is not ("min" or "max"))
                            throw new ArgumentException($"mode {mode} is unknown!");
                        if (threshold_mode is not ("rel" or "abs"))
                            throw new ArgumentException($"threshold mode {threshold_mode} is unknown!");
                        (lower, relative) = (mode == "min", threshold_mode == "rel");
                        (this.factor, this.patience, this.threshold, this.cooldown, this.eps, this.verbose) = (factor, patience, threshold, cooldown, eps, verbose);
                        floors = min_lr is null or [] ? [.. BaseRates.Select(_ => 0.0)] : min_lr is [var one] ? [.. BaseRates.Select(_ => one)] : [.. min_lr];
                        best = lower ? double.PositiveInfinity : double.NegativeInfinity;
                    }

                    public override void step() =>
                        throw new InvalidOperationException("step() should not be used with the ReduceLROnPlateau scheduler. Use step(double, int?), instead.");

                    public override void step(int? epoch) =>
                        throw new InvalidOperationException("step(int?) should not be used with the ReduceLROnPlateau scheduler. Use step(double, int?), instead.");

                    public override void step(double current, int? epoch = null)
                    {
                        LastEpoch = epoch ?? LastEpoch + 1;
                        if (IsBetter(current))
                            (best, badEpochs) = (current, 0);
                        else
                            badEpochs++;
                        if (cooling > 0)
                            (cooling, badEpochs) = (cooling - 1, 0);
                        if (badEpochs <= patience)
                            return;
                        Reduce();
                        (cooling, badEpochs) = (cooldown, 0);
                    }

                    bool IsBetter(double current) => (lower, relative) switch
                    {
                        (true, true) => current < best * (1 - threshold),
                        (true, false) => current < best - threshold,
                        (false, true) => current > best * (threshold + 1),
                        (false, false) => current > best + threshold,
                    };

                    void Reduce()
                    {
                        var groups = Optimizer.ParamGroups.ToList();
                        for (var k = 0; k < groups.Count; k++)
                        {
                            var rate = Math.Max(groups[k].LearningRate * factor, floors[k]);
                            if (groups[k].LearningRate - rate <= eps)
                                continue;
                            groups[k].LearningRate = rate;
                            if (verbose)
                                Console.WriteLine($"Epoch {LastEpoch}: reducing learning rate of group {k} to {rate:g4}.");
                        }
                    }
                }
            }
        }
    }
}
