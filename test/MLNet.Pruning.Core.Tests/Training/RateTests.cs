namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class RateTests
{
    const int Steps = 40, PerEpoch = 8;

    static readonly (string Name, LearningRateSchedule Schedule)[] all =
    [
        ("step", LearningRateSchedule.Stepwise(7, 0.5, ScheduleUnit.Steps)),
        ("milestones", LearningRateSchedule.Milestones([3, 10, 31], 0.3, ScheduleUnit.Steps)),
        ("exponential", LearningRateSchedule.Exponential(0.9, ScheduleUnit.Steps)),
        ("linear", LearningRateSchedule.Linear(0.25, 0.75, 16, ScheduleUnit.Steps)),
        ("linear whole", LearningRateSchedule.Linear(1, 0.1)),
        ("polynomial", LearningRateSchedule.Polynomial(2, 25, ScheduleUnit.Steps)),
        ("polynomial whole", LearningRateSchedule.Polynomial(0.5)),
        ("cosine", LearningRateSchedule.Cosine(minimum: 0.1)),
        ("one cycle", LearningRateSchedule.OneCycle()),
        ("one cycle early", LearningRateSchedule.OneCycle(rise: 0.1, start: 0.1, end: 0.001)),
        ("warm cosine", LearningRateSchedule.Cosine().WithWarmup(8, start: 0.1)),
    ];

    [TestMethod]
    public void Rates_equal_PyTorchs_schedulers_step_for_step()
    {
        var reference = Python.Json<Dictionary<string, double[]>>("rates.py");
        Assert.HasCount(all.Length, reference);
        foreach (var (name, schedule) in all)
            for (var step = 0; step < Steps; step++)
                Assert.AreEqual(reference[name][step], schedule.Factor(new(step, Steps, PerEpoch)), 1e-9, $"{name}, step {step}");
    }

    [TestMethod]
    public void Epochs_are_steps_of_their_length()
    {
        (LearningRateSchedule Epochs, LearningRateSchedule Steps)[] pairs =
        [
            (LearningRateSchedule.Stepwise(2, 0.5), LearningRateSchedule.Stepwise(16, 0.5, ScheduleUnit.Steps)),
            (LearningRateSchedule.Milestones([1, 3], 0.5), LearningRateSchedule.Milestones([8, 24], 0.5, ScheduleUnit.Steps)),
            (LearningRateSchedule.Linear(0.1, 1, 2.5), LearningRateSchedule.Linear(0.1, 1, 20, ScheduleUnit.Steps)),
            (LearningRateSchedule.Polynomial(1.5, 3), LearningRateSchedule.Polynomial(1.5, 24, ScheduleUnit.Steps)),
            (LearningRateSchedule.Cosine().WithWarmup(1.5, ScheduleUnit.Epochs), LearningRateSchedule.Cosine().WithWarmup(12)),
            (LearningRateSchedule.Exponential(Math.Pow(0.9, 8)), LearningRateSchedule.Exponential(0.9, ScheduleUnit.Steps)),
            (LearningRateSchedule.From((epochs, total) => epochs / total), LearningRateSchedule.From(time => (double)time.Step / time.Steps)),
        ];
        foreach (var (epochs, steps) in pairs)
            for (var step = 0; step < Steps; step++)
                Assert.AreEqual(steps.Factor(new(step, Steps, PerEpoch)), epochs.Factor(new(step, Steps, PerEpoch)), 1e-12, $"{epochs}, step {step}");
    }

    [TestMethod]
    public void A_run_trains_at_its_schedules_rates_also_when_it_is_resumed()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune").FullName;
        try
        {
            foreach (var (_, schedule) in all)
            {
                var options = new TrainingOptions { Epochs = 5, BatchSize = 13, LearningRate = 0.02, Schedule = schedule, HistoryInterval = 1 };
                var checkpoint = new CheckpointOptions(Path.Combine(folder, "run.checkpoint"));
                Runs.Train(options with { Checkpoint = checkpoint, Hooks = [new Hook { OnAfterEpoch = run => { if (run.Epoch == 1) run.Stop("paused"); } }] });
                var wholly = Runs.Train(options).History;
                CollectionAssert.AreEqual(Enumerable.Range(0, Steps).Select(step => 0.02 * schedule.Factor(new(step, Steps, PerEpoch))).ToList(), wholly.Steps.Select(s => s.LearningRate).ToList());
                Assert.HasCount(16, Runs.Train(options with { Checkpoint = checkpoint }).History.Steps);
                File.Delete(checkpoint.Path);
                Runs.Train(options with { Epochs = 5, Checkpoint = checkpoint });
                var other = all.First(a => a.Schedule != schedule).Schedule;
                StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Schedule = other, Checkpoint = checkpoint })).Message, "Schedule is ");
                File.Delete(checkpoint.Path);
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [TestMethod]
    public void Wrong_settings_are_named()
    {
        (LearningRateSchedule Schedule, string Message)[] wrong =
        [
            (LearningRateSchedule.Milestones([3, 3], 0.5), "Schedule.At is [3, 3]; it must be times from 1 on, each later than the one before."),
            (LearningRateSchedule.Exponential(0), "Schedule.Factor is 0; it must be above 0."),
            (LearningRateSchedule.Linear(-1, 1), "Schedule.Start is -1; it must be 0 or more."),
            (LearningRateSchedule.Linear(0, 1, 0), "Schedule.Length is 0; it must be above 0, or null for the whole run."),
            (LearningRateSchedule.Polynomial(0), "Schedule.Power is 0; it must be above 0."),
            (LearningRateSchedule.OneCycle(rise: 30), "Schedule.Rise is 30; it must be above 0 and below 1 (did you mean 0.30?)."),
            (LearningRateSchedule.Cosine().WithWarmup(-1), "Schedule.Warmup is -1; it must be 0 or more."),
            (LearningRateSchedule.Cosine(minimum: 2).WithWarmup(1), "Schedule.Minimum is 2; it must be in [0, 1]."),
        ];
        foreach (var (schedule, message) in wrong)
            Assert.AreEqual(message, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingLoop(new TrainingOptions { Schedule = schedule })).Message);
    }
}
