namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer's groups, once when it is made and once a step.</summary>
            public abstract class LRScheduler
            {
                internal Optimizer Optimizer = null!;
                internal int LastEpoch = -1;
                internal List<double> BaseRates = [];
                internal List<double> LastRates = [];
                readonly bool verbose;
                protected int _step_count;

                protected LRScheduler() { }

                protected LRScheduler(Optimizer optimizer, int last_epoch = -1, bool verbose = false)
                {
                    ArgumentNullException.ThrowIfNull(optimizer);
                    Optimizer = optimizer;
                    LastEpoch = last_epoch;
                    this.verbose = verbose;
                    BaseRates = [.. optimizer.ParamGroups.Select(group => group.InitialLearningRate)];
                    LastRates = [.. Rates];
                }

                internal IEnumerable<double> Rates => Optimizer.ParamGroups.Select(group => group.LearningRate);

                public virtual void step() => step(null);

                public virtual void step(int? epoch)
                {
                    _step_count++;
                    LastEpoch = epoch ?? LastEpoch + 1;
                    var rates = (epoch is null ? get_lr() : ClosedForm()).ToList();
                    var groups = Optimizer.ParamGroups.ToList();
                    for (var k = 0; k < BaseRates.Count; k++)
                    {
                        groups[k].LearningRate = rates[k];
                        if (verbose && LastRates[k] != rates[k])
                            Console.WriteLine($"Adjusting learning rate to {rates[k]}");
                        LastRates[k] = rates[k];
                    }
                }

                public virtual void step(double current, int? epoch = null) => step(epoch);

                public IEnumerable<double> get_last_lr() => LastRates;

                protected virtual IEnumerable<double> get_lr() => Rates;

                /// <summary>The rates as a function of the epoch alone, for a jump to an epoch.</summary>
                internal virtual IEnumerable<double> ClosedForm() => get_lr();
            }
        }
    }
}
