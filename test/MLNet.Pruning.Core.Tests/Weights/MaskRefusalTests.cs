using MLNet.Pruning.Tests.Training;
using TorchSharp;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
[DoNotParallelize]
public sealed class MaskRefusalTests
{
    static void Refused(WeightPruning pruning, params string[] named)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => pruning.Validate(new TrainingOptions()));
        foreach (var part in named)
            StringAssert.Contains(error.Message, part);
        Assert.DoesNotContain('\n', error.Message);
    }

    [TestMethod]
    public void Wrong_settings_are_named_with_what_they_are_and_may_be()
    {
        Refused(new(), "Pruning.Sparsity is null", "unless Schedule");
        Refused(new() { Sparsity = 1 }, "Pruning.Sparsity is 1", "less than 1");
        Refused(new() { Sparsity = 90 }, "Pruning.Sparsity is 90", "less than 1 (did you mean 0.90?)");
        Refused(new() { Sparsity = double.NaN }, "Pruning.Sparsity is NaN");
        Refused(new() { Sparsity = 0.9, Schedule = Schedule.Cubic(0, 10, 0.8) }, "Schedule's last fraction is 0.8", "0.9");
        Refused(new() { Sparsity = 0.9, Every = 0 }, "Pruning.Every is 0");
        Refused(new() { Sparsity = 0.9, Until = -1 }, "Pruning.Until is -1");
        Refused(new() { Sparsity = 0.9, InactiveDecay = 1 }, "Pruning.InactiveDecay is 1; it must be at least 0 and less than 1");
        Refused(new() { Sparsity = 0.9, InactiveDecay = double.NaN }, "Pruning.InactiveDecay is NaN");
        Refused(new() { Sparsity = 0.9, InactiveDecay = 0.1, Reactivation = Reactivation.Frozen }, "Pruning.InactiveDecay is 0.1; it must be 0, as what is inactive does not live on");
        Refused(new() { Sparsity = 0.9, Reactivation = (Reactivation)7 }, "Pruning.Reactivation is 7", "Persistent, Frozen");
        Refused(new() { Sparsity = 0.9, Weights = [] }, "Pruning.Weights is []");
        Refused(new() { Sparsity = 0.9, Rule = MaskRule.Pattern(2, 4) }, "Pruning.Sparsity is 0.9", "0.5");
        Refused(new() { Rule = MaskRule.Pattern(2, 4), Distribution = MaskDistribution.Global }, "Pruning.Distribution is Global", "PerLayer");
        Refused(new() { Rule = MaskRule.Surgery(deviations: 1), Sparsity = 0.5 }, "Pruning.Sparsity is 0.5", "null where the rule");
        Refused(new() { Fixed = new([new("a", [1], [true])]), Sparsity = 0.5 }, "Pruning.Sparsity is 0.5", "null where masks are fixed");
        Refused(new() { Schedule = Schedule.Constant(0.5), Criterion = new MagnitudeTimesGradient() }, "before the first step", "MagnitudeTimesGradient must see a gradient");
        Refused(new() { Schedule = Schedule.Constant(0.5, 11), ScheduleIn = ScheduleUnit.Epochs }, "after 11 epochs", "10 epochs");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MaskRule.Pattern(4, 4)).Message, "at most 3");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MaskRule.Regrowth(1)).Message, "less than 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MaskRule.Surgery(1)).Message, "less than 1");
    }

    [TestMethod]
    public void What_only_the_run_can_tell_is_refused_before_its_first_step()
    {
        Started(new() { Schedule = Schedule.Constant(0.5, 9) }, "after 9 steps; the run has 8");
        Started(new() { Sparsity = 0.5, Weights = ["layers.lin9*"] }, "'layers.lin9*', which is none", "'layers.linear1.weight'");
        Started(new() { Sparsity = 0.5, Except = ["*"] }, "no weights to mask");

        static void Started(WeightPruning pruning, params string[] named)
        {
            var steps = 0;
            var error = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions { Epochs = 2, BatchSize = 25, Hooks = [pruning.Begin(), new Hook { OnAfterStep = _ => steps++ }] }));
            foreach (var part in named)
                StringAssert.Contains(error.Message, part);
            Assert.AreEqual(0, steps);
        }
    }

    [TestMethod]
    public void A_schedule_in_epochs_that_falls_short_is_warned_of()
    {
        var late = new WeightPruning { Schedule = Schedule.Cubic(0, 20, 0.9), ScheduleIn = ScheduleUnit.Epochs };
        Assert.AreEqual("The schedule makes 78.8 % of the weights inactive by step 100, the last of this run's 100 at which masks are cut, not its target of 90 %.", late.Warning(new(late, 10, 10)));
        var inTime = late with { Schedule = Schedule.Cubic(0, 10, 0.9) };
        Assert.IsNull(inTime.Warning(new(inTime, 10, 10)));
    }

    [TestMethod]
    public void A_schedule_in_steps_that_will_not_be_through_is_warned_of_before_the_first_step()
    {
        CollectionAssert.AreEqual(new[] { "0: The schedule makes 4 % of the weights inactive by step 15, the last of this run's 16 at which masks are cut, not its target of 90 %." },
            Warnings(new() { Schedule = Schedule.Cubic(0, 1000, 0.9), Every = 5 }));
        CollectionAssert.AreEqual(new[] { "0: The schedule makes 52 % of the weights inactive by step 6, the last of this run's 16 at which masks are cut, not its target of 90 %." },
            Warnings(new() { Schedule = Schedule.Cubic(0, 24, 0.9), Every = 2, Until = 6 }));
        Assert.IsEmpty(Warnings(new() { Schedule = Schedule.Cubic(0, 16, 0.9) }));
        Assert.IsEmpty(Warnings(new() { Sparsity = 0.9 }));
        Assert.IsEmpty(Warnings(new() { Rule = MaskRule.Pattern() }));
        Assert.IsEmpty(Warnings(new() { Rule = MaskRule.Surgery(deviations: 1) }));

        static string[] Warnings(WeightPruning pruning)
        {
            var (warnings, steps) = (new List<string>(), 0);
            Runs.Train(new TrainingOptions { Epochs = 4, BatchSize = 25, Warn = message => warnings.Add($"{steps}: {message}"), Hooks = [pruning.Begin(), new Hook { OnAfterStep = _ => steps++ }] });
            return [.. warnings];
        }
    }

    [TestMethod]
    public void A_hook_serves_one_run_and_the_model_cannot_be_replaced()
    {
        var options = new TrainingOptions { Epochs = 1, BatchSize = 25, Replicas = 1 };
        var hook = new WeightPruning { Sparsity = 0.5 }.Begin();
        Runs.Train(options with { Hooks = [hook] });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(options with { Hooks = [hook] })).Message, "WeightPruning.Begin");
        using var other = Runs.Small.Build();
        var replaced = Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(options with { Hooks = [new WeightPruning { Sparsity = 0.5 }.Begin(), new Hook { OnAfterStep = run => run.Replace(other) }] }));
        StringAssert.Contains(replaced.Message, "masks are this model's");
    }

    [TestMethod]
    public void Steps_and_cuts_leave_no_tensors_behind()
    {
        foreach (var rule in new[] { MaskRule.Largest, MaskRule.Regrowth() })
        {
            var counts = new List<long>();
            Runs.Train(new TrainingOptions
            {
                Epochs = 6,
                BatchSize = 10,
                Replicas = 2,
                Hooks = [new WeightPruning { Sparsity = 0.7, Every = 2, Rule = rule, Reactivation = Reactivation.Frozen, Distribution = MaskDistribution.Global }.Begin(), new Hook { OnAfterEpoch = _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount) }],
            }, Rows.Blobs(300, 12, 3), validation: Rows.Blobs(50, 12, 3));
            Assert.AreEqual(counts[1], counts[5], string.Join(", ", counts));
        }
    }
}
