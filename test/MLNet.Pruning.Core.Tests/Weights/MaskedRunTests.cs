using FsCheck;
using FsCheck.Fluent;
using MLNet.Pruning.Tests.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
[DoNotParallelize]
public sealed class MaskedRunTests
{
    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 25, LearningRate = 0.01, Seed = 3, Replicas = 1, HistoryInterval = 1 };

    static nn.Module Mixed() => nn.Sequential(("conv", nn.Conv1d(1, 6, 3)), ("norm", nn.BatchNorm1d(6)), ("relu", nn.ReLU()), ("up", nn.ConvTranspose1d(6, 5, 2)), ("flat", nn.Flatten()), ("mid", nn.Linear(55, 9)), ("tanh", nn.Tanh()), ("out", nn.Linear(9, 3)));

    static readonly Rows series = new(100, 12, (row, i) => (row + 1) * (i + 1) % 7 / 7f, row => row % 3) { Shape = [1, 12] };

    sealed record Ones : MaskRule
    {
        protected internal override void Cut(in MaskCut cut) => cut.Active[0] = 1;
    }

    [TestMethod]
    public void A_rule_that_writes_something_else_than_active_or_inactive_ends_the_run_by_its_name()
    {
        var failure = Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(
            plain with { Hooks = [new WeightPruning { Sparsity = 0.5, Rule = new Ones(), Every = 2 }.Begin()] },
            Rows.Blobs(100, 12, 3), () => nn.Linear(12, 3)));
        StringAssert.Contains(failure.Message, "Ones wrote 1");
    }

    /// <summary>Keeps the largest weights once, and fails in the middle of its second cut.</summary>
    sealed record FailingSecond : MaskRule
    {
        int cuts;

        protected internal override void Cut(in MaskCut cut)
        {
            if (cuts++ == 0)
            {
                KeepLargest(cut.Scores(), cut.Keep, cut.Active);
                return;
            }
            cut.Active.Clear();
            cut.Weights.Fill(7);
            throw new FormatException("half done");
        }
    }

    [TestMethod]
    public void A_rule_that_fails_leaves_masks_and_weights_as_they_were()
    {
        foreach (var reactivation in Enum.GetValues<Reactivation>())
        {
            random.manual_seed(7);
            using var model = nn.Linear(12, 3);
            (WeightMask Mask, float[] Dense, float[] Weights)? before = null, after = null;
            Assert.ThrowsExactly<FormatException>(() => new TrainingLoop(plain with
            {
                Hooks =
                [
                    new Hook { OnAfterStep = run => before = run.Step == 4 ? Of(run) : before, Any = (call, run) => after = call == "Ended" ? Of(run) : after },
                    new WeightPruning { Sparsity = 0.5, Rule = new FailingSecond(), Schedule = Schedule.Constant(0.5, 1, 3), Reactivation = reactivation }.Begin(),
                ],
            }).Run(new TrainingTask { Model = model, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) }));
            CollectionAssert.AreEqual(before!.Value.Mask.Active.ToArray(), after!.Value.Mask.Active.ToArray());
            CollectionAssert.AreEqual(before.Value.Dense, after.Value.Dense);
            CollectionAssert.AreEqual(before.Value.Weights, after.Value.Weights);
            Assert.AreEqual(18, after.Value.Weights.Count(weight => weight != 0));

            (WeightMask, float[], float[]) Of(TrainingRun run) =>
                (run.Masks!.Masks[0], run.Find<MaskedWeights>()!.Dense(0), model.weight.data<float>().ToArray());
        }
    }

    [TestMethod]
    public void A_second_run_is_refused_the_hook_of_another_and_no_memory_is_written_to()
    {
        Tensor? values = null;
        var hook = new WeightPruning { Sparsity = 0.5 }.Begin();
        var options = plain with { Hooks = [hook, new Hook { OnAfterStep = run => values ??= run.Values.alias().DetachFromDisposeScope() }] };
        Runs.Train(options);
        using (var none = no_grad())
            values!.fill_(Scalars.One);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(options)).Message, "Begin");
        Assert.IsTrue(values.eq(Scalars.One).all().item<bool>());
        values.Dispose();
    }

    [TestMethod]
    public void Masks_are_not_cut_after_the_last_step_unless_more_must_go()
    {
        Assert.AreEqual(14, Last(new WeightPruning { Schedule = Schedule.Cubic(0, 8, 0.5), Every = 2 }));
        Assert.AreEqual(16, Last(new WeightPruning { Schedule = Schedule.Cubic(0, 16, 0.5), Every = 2 }));

        static long Last(WeightPruning pruning) => Runs.Train(plain with { Hooks = [pruning.Begin()] }, Rows.Blobs(100, 12, 3),
            () => nn.Linear(12, 3)).History.Events[^1].Step;
    }

    [TestMethod]
    public void The_count_that_is_on_is_exact_after_every_cut_and_what_is_off_is_zero_in_the_model()
    {
        var cases = (from a in Gen.Choose(1, 30)
                     from b in Gen.Choose(1, 30)
                     from s in Gen.OneOf(Gen.Constant(0.0), Gen.Constant(0.999), Gen.Choose(1, 998).Select(n => n / 1000.0))
                     from distribution in Gen.Elements(Enum.GetValues<MaskDistribution>())
                     from reactivation in Gen.Elements(Enum.GetValues<Reactivation>())
                     from regrowth in Gen.Elements(true, false)
                     select (a, b, s, distribution, reactivation, regrowth)).ToArbitrary();
        Prop.ForAll(cases, c =>
        {
            var seen = new List<(long On, long Count, double Fraction, WeightMasks Masks, bool Zeros)>();
            var schedule = c.s == 0 ? (Schedule)Schedule.Constant(0) : Schedule.Cubic(0, 7, c.s, c.s / 4);
            var pruning = new WeightPruning { Schedule = schedule, Every = 3, Distribution = c.distribution, Reactivation = c.reactivation, Rule = c.regrowth ? MaskRule.Regrowth() : MaskRule.Largest };
            var at = 0;
            var (parameters, history) = Runs.Train(plain with
            {
                Epochs = 3,
                Hooks = [pruning.Begin(), new Hook
                {
                    OnAfterStep = run =>
                    {
                        for (; at < run.History.Events.Count; at++)
                        {
                            var e = run.History.Events[at];
                            if (e.Step == run.Step)
                                seen.Add((e.WeightsOn!.Value, e.Weights!.Value, schedule.Fraction(e.Step), run.Masks!, Zero(run)));
                        }
                        if (!Zero(run))
                            seen.Add((-1, 1, 0, run.Masks!, false));
                    },
                }],
            }, Rows.Blobs(100, 12, 3), () => nn.Sequential(("in", nn.Linear(12, c.a)), ("relu", nn.ReLU()), ("mid", nn.Linear(c.a, c.b)), ("out", nn.Linear(c.b, 3))));
            foreach (var (on, count, fraction, masks, zeros) in seen)
            {
                if (!zeros || on != masks.ActiveCount || count != masks.Count)
                    return false;
                if (c.distribution == MaskDistribution.PerLayer ? masks.Masks.Any(m => m.Count - m.ActiveCount != (long)Math.Round(fraction * m.Count)) : count - on != (long)Math.Round(fraction * count))
                    return false;
            }
            return seen.Count == (c.s == 0 ? 3 : 4) && history.Events[^1].ParametersAfter == parameters.Values.Sum(p => p.Length) - history.Events[^1].Weights + history.Events[^1].WeightsOn;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40).WithQuietOnSuccess(true));

        static bool Zero(TrainingRun run) => run.Masks!.Masks.All(m => run.Model.get_parameter(m.Name)!.data<float>().ToArray().Zip(m.Active.ToArray()).All(p => p.Second || BitConverter.SingleToInt32Bits(p.First) == 0));
    }

    [TestMethod]
    public void Sparsity_zero_trains_the_same_model_bit_for_bit()
    {
        var (without, _) = Runs.Train(plain with { Replicas = 2, WeightDecay = 0.01 }, build: Mixed, rows: series);
        foreach (var reactivation in Enum.GetValues<Reactivation>())
            Runs.AreSame(without, Runs.Train(plain with { Replicas = 2, WeightDecay = 0.01, Hooks = [new WeightPruning { Sparsity = 0, Reactivation = reactivation, Every = 2 }.Begin()] }, build: Mixed, rows: series).Parameters);
    }

    [TestMethod]
    public void One_replica_and_two_learn_the_same_under_masks()
    {
        (Dictionary<string, float[]>, WeightMasks) Run(int replicas, Reactivation reactivation)
        {
            WeightMasks? masks = null;
            var (parameters, _) = Runs.Train(plain with { Replicas = replicas, Hooks = [new WeightPruning { Sparsity = 0.6, Schedule = Schedule.Cubic(0, 9, 0.6), Every = 2, Reactivation = reactivation }.Begin(), new Hook { OnAfterEpoch = run => masks = run.Masks }] });
            return (parameters, masks!);
        }
        foreach (var reactivation in Enum.GetValues<Reactivation>())
        {
            var ((one, masks), (two, others)) = (Run(1, reactivation), Run(2, reactivation));
            Runs.AreClose(one, two, 1e-5);
            for (var l = 0; l < masks.Masks.Count; l++)
                CollectionAssert.AreEqual(masks.Masks[l].Active.ToArray(), others.Masks[l].Active.ToArray());
        }
    }

    [TestMethod]
    public void Wide_layers_are_masked_by_both_replicas_threads_alike()
    {
        // More than 65,536 parameters: stepped in two slices.
        nn.Module Wide() => nn.Sequential(("in", nn.Linear(12, 300)), ("relu", nn.ReLU()), ("mid", nn.Linear(300, 250)), ("out", nn.Linear(250, 3)));
        foreach (var reactivation in Enum.GetValues<Reactivation>())
        {
            var runs = new[] { 1, 2 }.Select(replicas => Runs.Train(plain with { Epochs = 2, Replicas = replicas, Optimizer = OptimizerKind.Sgd, Hooks = [new WeightPruning { Schedule = Schedule.OneShot(0, 0.7), Every = 3, Reactivation = reactivation }.Begin()] }, build: Wide)).ToArray();
            Runs.AreClose(runs[0].Parameters, runs[1].Parameters, 1e-5);
            Assert.AreEqual((int)Math.Round(0.7 * 75_000), runs[1].Parameters["mid.weight"].Count(w => w == 0));
        }
    }

    [TestMethod]
    public void Weights_that_are_off_learn_on_or_stand_still()
    {
        foreach (var reactivation in Enum.GetValues<Reactivation>())
        {
            var dense = new List<float[]>();
            bool[] on = [];
            Runs.Train(plain with
            {
                WeightDecay = 0.1,
                Optimizer = OptimizerKind.AdamW,
                Hooks = [new WeightPruning { Schedule = Schedule.OneShot(2, 0.5), Until = 2, Reactivation = reactivation }.Begin(), new Hook
                {
                    OnAfterStep = run =>
                    {
                        dense.Add(run.Find<MaskedWeights>()!.Dense(0));
                        on = run.Masks!.Masks[0].Active.ToArray();
                    },
                }],
            });
            var moved = Enumerable.Range(0, on.Length).Where(i => !on[i]).Count(i => dense[1][i] != dense[^1][i]);
            Assert.AreEqual(reactivation == Reactivation.Persistent ? on.Count(bit => !bit) : 0, moved);
            Assert.IsTrue(Enumerable.Range(0, on.Length).Where(i => on[i]).All(i => dense[1][i] != dense[^1][i]));
        }
    }

    [TestMethod]
    public void What_came_back_is_counted_against_the_masks_themselves()
    {
        List<WeightMasks> masks = [];
        var (_, history) = Runs.Train(plain with
        {
            Epochs = 6,
            LearningRate = 0.05,
            Hooks = [new WeightPruning { Schedule = Schedule.Constant(0.5, 1), Every = 4 }.Begin(), new Hook { OnAfterStep = run => { if (run.History.Events.Count > masks.Count) masks.Add(run.Masks!); } }],
        });
        CollectionAssert.AreEqual(new long[] { 1, 5, 9, 13, 17, 21 }, history.Events.Select(e => e.Step).ToArray());
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4, 5, 6 }, history.Events.Select(e => e.Epoch).ToArray());
        for (var i = 1; i < masks.Count; i++)
        {
            bool[] before = [.. masks[i - 1].Masks.SelectMany(m => m.Active.ToArray())], after = [.. masks[i].Masks.SelectMany(m => m.Active.ToArray())];
            Assert.AreEqual(before.Zip(after).Count(p => !p.First && p.Second), history.Events[i].Reactivated);
            Assert.AreEqual(before.Zip(after).Count(p => p.First && !p.Second), history.Events[i].Deactivated);
            Assert.AreEqual(history.Events[i].Reactivated, history.Events[i].Groups.Sum(g => g.Reactivated));
        }
        Assert.IsGreaterThan(0, history.Events.Sum(e => e.Reactivated!.Value));
        var json = TrainingHistory.FromJson(history.ToJson());
        CollectionAssert.AreEqual(history.Events.Select(e => e.Reactivated).ToArray(), json.Events.Select(e => e.Reactivated).ToArray());
        Assert.IsNull(TrainingHistory.FromJson("""{"events":[{"epoch":1,"step":2,"kind":"neurons"}]}""").Events[0].Weights);
    }

    [TestMethod]
    public void Masks_are_cut_where_a_schedule_begins_jumps_and_ends()
    {
        // 4 steps an epoch, 16 in all.
        CollectionAssert.AreEqual(new long[] { 5, 8, 11 }, Steps(new() { Schedule = Schedule.Cubic(2, 10, 0.5), Every = 3, Until = 12 }).Where(s => s != 10).ToArray());
        CollectionAssert.Contains(Steps(new() { Schedule = Schedule.Cubic(2, 10, 0.5), Every = 3 }), 10L);
        CollectionAssert.AreEqual(new long[] { 6, 11 }, Steps(new() { Schedule = Schedule.OneShot(6, 0.5), Every = 5 }));
        CollectionAssert.AreEqual(new long[] { 6 }, Steps(new() { Schedule = Schedule.OneShot(6, 0.5) }));
        CollectionAssert.AreEqual(new long[] { 2, 6, 10, 14 }, Steps(new() { Schedule = Schedule.Stepwise(2, 4, 0.3, 0.9) }));
        CollectionAssert.AreEqual(new long[] { 0, 4, 8, 12 }, Steps(new() { Schedule = Schedule.Constant(0.5, 0, 1), ScheduleIn = ScheduleUnit.Epochs, Every = 4 }));
        CollectionAssert.AreEqual(new long[] { 4, 12 }, Steps(new() { Schedule = Schedule.Stepwise(1, 2, 0.3, 0.9), ScheduleIn = ScheduleUnit.Epochs }));
        CollectionAssert.AreEqual(new long[] { 4, 8 }, Steps(new() { Schedule = Schedule.Constant(0.5, 1, 1), ScheduleIn = ScheduleUnit.Epochs, Every = 4, Until = 2 }));
        // The usual one: cubic to three quarters of the run, and no cut after it.
        CollectionAssert.AreEqual(new long[] { 5, 10, 12 }, Steps(new() { Sparsity = 0.5, Every = 5 }));
        CollectionAssert.AreEqual(new long[] { 5, 10, 12, 15 }, Steps(new() { Sparsity = 0.5, Every = 5, Until = 16 }));

        static long[] Steps(WeightPruning pruning) => [.. Runs.Train(plain with { Hooks = [pruning.Begin()] }).History.Events.Select(e => e.Step)];
    }

    [TestMethod]
    [DataRow(1, 235, 8)]
    [DataRow(1, 20, 1)]
    [DataRow(10, 469, 100)]
    public void Left_to_itself_a_schedule_cuts_masks_at_least_twenty_times_on_its_way(int epochs, int steps, int interval)
    {
        foreach (var pruning in new[] { new WeightPruning { Sparsity = 0.9 }, new() { Schedule = Schedule.Cubic(0, epochs * steps * 3 / 4, 0.9) } })
        {
            var plan = new MaskPlan(pruning, epochs, steps);
            var cuts = Enumerable.Range(0, epochs * steps * 3 / 4 + 1).Where(step => plan.IsDue(step)).ToArray();
            Assert.AreEqual(interval, cuts[1] - cuts[0]);
            Assert.IsGreaterThanOrEqualTo(Math.Min(20, epochs * steps * 3 / 4), cuts.Length);
            Assert.AreEqual(0.9, plan.Fraction(cuts[^1]));
        }
    }

    [TestMethod]
    public void A_pattern_a_surgery_and_an_optimizer_of_ones_own_run_on_every_kind_of_layer()
    {
        foreach (var pruning in new[] { new WeightPruning { Rule = MaskRule.Pattern(2, 4), Every = 3 }, new() { Rule = MaskRule.Surgery(0.1, 0.3), Every = 3 }, new() { Rule = MaskRule.Surgery(), Sparsity = 0.5, Every = 3, Distribution = MaskDistribution.ErdosRenyiKernel } })
        {
            using var model = Mixed();
            random.manual_seed(1);
            var result = new TrainingLoop(plain with { Replicas = 2, Hooks = [pruning.Begin()] }).Run(new TrainingTask
            {
                Model = model,
                Copy = Mixed,
                Examples = series,
                Objective = new CrossEntropy(3),
                Optimizer = parameters => optim.SGD(parameters, 0.01, momentum: 0.9),
            });
            Assert.IsLessThan(result.History.Epochs[0].Loss, result.History.Epochs[^1].Loss);
            CollectionAssert.AreEqual(new[] { "conv.weight", "up.weight", "mid.weight", "out.weight" }, result.Masks!.Masks.Select(m => m.Name).ToArray());
            foreach (var mask in result.Masks!.Masks)
            {
                var values = ((Tensor)model.get_parameter(mask.Name)!).data<float>().ToArray();
                CollectionAssert.AreEqual(mask.Active.ToArray(), values.Select(v => v != 0).ToArray(), mask.Name);
            }
            Assert.IsGreaterThan(0.2, result.Masks!.Sparsity);
            if (pruning.Rule == MaskRule.Pattern(2, 4))
                Assert.IsTrue(result.Masks!["mid.weight"].Active.ToArray().Chunk(55).All(row => row.Chunk(4).All(four => four.Count(on => on) == Math.Min(2, four.Length))));
        }
    }

    [TestMethod]
    public void Fixed_masks_hold_from_the_first_step_and_random_ones_have_the_same_densities()
    {
        WeightMasks? found = null;
        Runs.Train(plain with { Hooks = [new WeightPruning { Sparsity = 0.7, Every = 3, Distribution = MaskDistribution.Global }.Begin(), new Hook { OnAfterEpoch = run => found = run.Masks }] });
        var chance = found!.Shuffled(5);
        CollectionAssert.AreEqual(found.Masks.Select(m => m.ActiveCount).ToArray(), chance.Masks.Select(m => m.ActiveCount).ToArray());
        Assert.IsFalse(found.Masks[0].Active.SequenceEqual(chance.Masks[0].Active));
        CollectionAssert.AreEqual(chance.Masks[0].Active.ToArray(), found.Shuffled(5).Masks[0].Active.ToArray());
        foreach (var masks in new[] { found, chance })
        {
            var during = new List<bool>();
            var (parameters, history) = Runs.Train(plain with { Hooks = [new WeightPruning { Fixed = masks }.Begin(), new Hook { OnAfterStep = run => during.Add(run.Masks!.Masks.Zip(masks.Masks).All(p => p.First.Active.SequenceEqual(p.Second.Active))) }] });
            Assert.IsTrue(during.All(same => same));
            Assert.AreEqual((masks.ActiveCount, 0L), (history.Events.Single().WeightsOn, history.Events.Single().Step));
            foreach (var mask in masks.Masks)
                CollectionAssert.AreEqual(mask.Active.ToArray(), parameters[mask.Name].Select(v => v != 0).ToArray());
            // As the same run by hand: set to zero before, after each step, and without a gradient for what is off.
            var byHand = Runs.Train(plain with { Hooks = [new Hook { OnBeforeForward = run => masks.Apply(run.Model), OnAfterStep = run => masks.Apply(run.Model), OnAfterBackward = run => MaskGradients(run, masks) }] }).Parameters;
            Runs.AreSame(byHand, parameters);
        }

        static void MaskGradients(TrainingRun run, WeightMasks masks)
        {
            using var scope = NewDisposeScope();
            foreach (var mask in masks.Masks)
                ((Parameter)run.Model.get_parameter(mask.Name)!).grad!.masked_fill_(tensor(Array.ConvertAll(mask.Active.ToArray(), on => !on), [.. mask.Shape]), Scalars.Zero);
        }
    }

    [TestMethod]
    public void Only_the_named_weights_are_masked()
    {
        var (_, history) = Runs.Train(plain with { Hooks = [new WeightPruning { Sparsity = 0.5, Weights = ["layers.linear*.weight", "layers.linear1.bias"], Except = ["layers.linear3.*"] }.Begin()] });
        CollectionAssert.AreEqual(new[] { "layers.linear1.weight", "layers.linear1.bias", "layers.linear2.weight" }, history.Events[0].Groups.Select(g => g.Name).ToArray());
    }

    [TestMethod]
    public void A_run_that_fails_within_a_step_leaves_the_masked_model()
    {
        random.manual_seed(2);
        using var model = Runs.Small.Build();
        var failing = new Hook
        {
            OnAfterBackward = run =>
            {
                if (run.Step < 6)
                    return;
                run.Find<MaskedWeights>()!.BeforeStep(0, run.Find<MaskedWeights>()!.Length);
                throw new InvalidOperationException("as an optimizer may");
            },
        };
        Assert.ThrowsExactly<InvalidOperationException>(() => new TrainingLoop(plain with { Hooks = [new WeightPruning { Schedule = Schedule.Constant(0.5) }.Begin(), failing] })
            .Run(new TrainingTask { Model = model, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) }));
        Assert.AreEqual(0.5, WeightMasks.Of(model).Masks[0].Density);
    }
}
