namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class SequentialLR : LRScheduler
                {
                    readonly LRScheduler[] schedulers;
                    readonly int[] milestones;

                    public SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1) : base(optimizer, last_epoch + 1, false)
                    {
                        this.schedulers = [.. schedulers];
                        this.milestones = [.. milestones];
                        if (this.schedulers.Any(scheduler => scheduler.Optimizer != optimizer))
                            throw new ArgumentException("The SequentialLR scheduler expects all its sub-schedulers to be bound to the same optimizer.");
                        if (this.milestones.Length != this.schedulers.Length - 1)
                            throw new ArgumentException($"Received {this.schedulers.Length} schedulers and {this.milestones.Length} milestones. The SequentialLR scheduler expects the number of schedulers to be one more than the number of milestones.");
                        // Making the schedulers has already moved the rates and counted a step of each: back to the start.
                        foreach (var group in optimizer.ParamGroups)
                            group.LearningRate = group.InitialLearningRate;
                        foreach (var scheduler in this.schedulers)
                            scheduler.LastEpoch--;
                        this.schedulers[0].step();
                        LastRates = this.schedulers[0].LastRates;
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        var current = milestones.Length;
                        while (current > 0 && milestones[current - 1] > LastEpoch)
                            current--;
                        if (current > 0 && milestones[current - 1] == LastEpoch)
                            schedulers[current].step(0);
                        else
                            schedulers[current].step();
                        return Rates;
                    }
                }

                public class ChainedLR : LRScheduler
                {
                    readonly LRScheduler[] schedulers;

                    public ChainedLR(IEnumerable<LRScheduler> schedulers)
                    {
                        this.schedulers = [.. schedulers];
                        if (this.schedulers.Length == 0)
                            throw new ArgumentException("Empty scheduler list.");
                        if (this.schedulers.Any(scheduler => scheduler.Optimizer != this.schedulers[0].Optimizer))
                            throw new ArgumentException("The ChainedLR scheduler expects all its sub-schedulers to be bound to the same optimizer.");
                        Optimizer = this.schedulers[0].Optimizer;
                        LastRates = this.schedulers[^1].LastRates;
                    }

                    public override void step()
                    {
                        foreach (var scheduler in schedulers)
                            scheduler.step();
                        LastRates = [.. Rates];
                    }
                }
            }
        }
    }
}
