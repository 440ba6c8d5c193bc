namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class StepLR : LRScheduler
                {
                    readonly int stepSize;
                    readonly double gamma;

                    public StepLR(Optimizer optimizer, int step_size, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        stepSize = step_size;
                        this.gamma = gamma;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 || LastEpoch % stepSize != 0 ? Rates : Rates.Select(rate => rate * gamma);

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => rate * Math.Pow(gamma, LastEpoch / stepSize));
                }

                public class MultiStepLR : LRScheduler
                {
                    readonly IList<int> milestones;
                    readonly double gamma;

                    public MultiStepLR(Optimizer optimizer, IList<int> milestones, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        this.milestones = milestones;
                        this.gamma = gamma;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        milestones.Contains(LastEpoch) ? Rates.Select(rate => rate * gamma) : Rates;

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => rate * Math.Pow(gamma, milestones.Distinct().Count(milestone => milestone <= LastEpoch)));
                }

                public class ExponentialLR : LRScheduler
                {
                    readonly double gamma;

                    public ExponentialLR(Optimizer optimizer, double gamma = 0.1, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        this.gamma = gamma;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 ? Rates : Rates.Select(rate => rate * gamma);

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => rate * Math.Pow(gamma, LastEpoch));
                }
            }
        }
    }
}
