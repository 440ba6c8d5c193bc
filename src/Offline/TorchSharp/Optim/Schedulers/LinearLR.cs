namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                public class ConstantLR : LRScheduler
                {
                    readonly double factor;
                    readonly int iterations;

                    public ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, int total_iters = 5, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        this.factor = factor;
                        iterations = total_iters;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 ? Rates.Select(rate => rate * factor)
                        : LastEpoch == iterations ? Rates.Select(rate => rate * (1.0 / factor))
                        : Rates;

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => LastEpoch >= iterations ? rate : rate * factor);
                }

                public class LinearLR : LRScheduler
                {
                    readonly double start;
                    readonly double end;
                    readonly int iterations;

                    public LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1.0, int total_iters = 5, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        start = start_factor;
                        end = end_factor;
                        iterations = total_iters;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 ? Rates.Select(rate => rate * start)
                        : LastEpoch > iterations ? Rates
                        : Rates.Select(rate => rate * (1 + (end - start) / (iterations * start + (LastEpoch - 1) * (end - start))));

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => rate * (start + (end - start) * Math.Min(iterations, LastEpoch) / iterations));
                }

                public class PolynomialLR : LRScheduler
                {
                    readonly double iterations;
                    readonly double power;

                    public PolynomialLR(Optimizer optimizer, int total_iters = 5, double power = 1.0, int last_epoch = -1, bool verbose = false) : base(optimizer, last_epoch, verbose)
                    {
                        iterations = total_iters;
                        this.power = power;
                        step();
                    }

                    protected override IEnumerable<double> get_lr() =>
                        LastEpoch == 0 || LastEpoch > iterations
                            ? Rates
                            : Rates.Select(rate => rate * Math.Pow((1.0 - LastEpoch / iterations) / (1.0 - (LastEpoch - 1) / iterations), power));

                    internal override IEnumerable<double> ClosedForm() =>
                        BaseRates.Select(rate => rate * Math.Pow(1 - Math.Min(iterations, LastEpoch) / iterations, power));
                }
            }
        }
    }
}
