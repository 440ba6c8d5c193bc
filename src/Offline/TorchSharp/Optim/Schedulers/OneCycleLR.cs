namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class OneCycleLR : LRScheduler
                {
                    readonly AnnealStrategy strategy;
                    readonly bool cycleMomentum;
                    readonly int totalSteps;
                    readonly List<double> low, high, last;
                    readonly List<double> lowMomentum, highMomentum;
                    readonly Phase[] phases;

                    public enum AnnealStrategy
                    {
                        Cos,
                        Linear,
                    }

                    /// <summary>A stretch of the cycle: until which step, and between which rates and momenta.</summary>
                    sealed record Phase(double Until, List<double> FromRate, List<double> ToRate, List<double> FromMomentum, List<double> ToMomentum);

                    public OneCycleLR(Optimizer optimizer, double max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3, AnnealStrategy anneal_strategy = AnnealStrategy.Cos, bool cycle_momentum = true, double base_momentum = 0.85, double max_momentum = 0.95, double div_factor = 25, double final_div_factor = 1e4, bool three_phase = false, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, Each(optimizer, max_lr), total_steps, epochs, steps_per_epoch, pct_start, anneal_strategy, cycle_momentum, Each(optimizer, base_momentum), Each(optimizer, max_momentum), div_factor, final_div_factor, three_phase, last_epoch, verbose)
                    {
                    }

                    public OneCycleLR(Optimizer optimizer, IEnumerable<double> max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3, AnnealStrategy anneal_strategy = AnnealStrategy.Cos, bool cycle_momentum = true, IEnumerable<double>? base_momentum = null, IEnumerable<double>? max_momentum = null, double div_factor = 25, double final_div_factor = 1e4, bool three_phase = false, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        if (cycle_momentum && optimizer is not (IMomentum or IBetas))
                            throw new ArgumentException("optimizer must support momentum with `cycle_momentum` option enabled");
                        if (pct_start is < 0 or > 1)
                            throw new ArgumentException($"Expected float between 0 and 1 for pct_start, but got {pct_start}");
                        totalSteps = TotalSteps(total_steps, epochs, steps_per_epoch);
                        (strategy, cycleMomentum) = (anneal_strategy, cycle_momentum);
                        high = [.. max_lr];
                        low = [.. high.Select(rate => rate / div_factor)];
                        last = [.. low.Select(rate => rate / final_div_factor)];
                        lowMomentum = [.. base_momentum ?? Each(optimizer, 0.85)];
                        highMomentum = [.. max_momentum ?? Each(optimizer, 0.95)];
                        var up = pct_start * totalSteps - 1;
                        phases = three_phase
                            ?
                            [
                                new(up, low, high, highMomentum, lowMomentum),
                                new(2 * pct_start * totalSteps - 2, high, low, lowMomentum, highMomentum),
                                new(totalSteps - 1, low, last, highMomentum, highMomentum),
                            ]
                            : [new(up, low, high, highMomentum, lowMomentum), new(totalSteps - 1, high, last, lowMomentum, highMomentum)];
                        step();
                    }

                    static IEnumerable<double> Each(Optimizer optimizer, double value) => Enumerable.Repeat(value, optimizer?.ParamGroups.Count() ?? 0);

                    static int TotalSteps(int total, int epochs, int perEpoch)
                    {
                        if (total == -1 && epochs == -1 && perEpoch == -1)
                            throw new ArgumentException("You must define either total_steps OR (epochs AND steps_per_epoch)");
                        if (total != -1)
                            return total > 0 ? total : throw new ArgumentException($"Expected positive integer total_steps, but got {total}");
                        if (epochs <= 0)
                            throw new ArgumentException($"Expected positive integer epochs, but got {epochs}");
                        if (perEpoch <= 0)
                            throw new ArgumentException($"Expected positive integer steps_per_epoch, but got {perEpoch}");
                        return epochs * perEpoch;
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (LastEpoch > totalSteps)
                            throw new InvalidOperationException($"Tried to step {LastEpoch + 1} times. The specified number of total steps is {totalSteps}");
                        var index = Array.FindIndex(phases, phase => LastEpoch <= phase.Until);
                        index = index < 0 ? phases.Length - 1 : index;
                        var phase = phases[index];
                        var from = index == 0 ? 0 : phases[index - 1].Until;
                        var share = (LastEpoch - from) / (phase.Until - from);
                        if (cycleMomentum)
                        {
                            var groups = Optimizer.ParamGroups.ToList();
                            for (var k = 0; k < groups.Count; k++)
                                SetMomentum(groups[k], Between(phase.FromMomentum[k], phase.ToMomentum[k], share));
                        }
                        return high.Select((_, k) => Between(phase.FromRate[k], phase.ToRate[k], share));
                    }

                    static void SetMomentum(ILearningRateController group, double momentum)
                    {
                        if (group is IBetas betas)
                            betas.Betas = (momentum, betas.Betas.Item2);
                        else if (group is IMomentum other)
                            other.Momentum = momentum;
                    }

                    double Between(double start, double end, double share) => strategy == AnnealStrategy.Cos
                        ? end + (start - end) / 2.0 * (Math.Cos(Math.PI * share) + 1)
                        : (end - start) * share + start;
                }
            }
        }
    }
}
