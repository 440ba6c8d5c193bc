namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class CosineAnnealingLR : LRScheduler
                {
                    readonly double period;
                    readonly double floor;

                    public CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        period = T_max;
                        floor = eta_min;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 ? Rates
                        : (LastEpoch - 1 - period) % (2 * period) == 0
                            ? Rates.Select((rate, k) => rate + (BaseRates[k] - floor) * (1 - Math.Cos(Math.PI / period)) / 2)
                            : Rates.Select(rate => (1 + Math.Cos(Math.PI * LastEpoch / period)) / (1 + Math.Cos(Math.PI * (LastEpoch - 1) / period)) * (rate - floor) + floor);

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => floor + (rate - floor) * (1 + Math.Cos(Math.PI * LastEpoch / period)) / 2);
                }
            }
        }
    }
}
