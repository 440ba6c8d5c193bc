using System.Text.Json;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class DistillationTests
{
    sealed record Reference(double Loss, double[] Gradient);

    /// <summary>Gives its parameter as logits, whatever the input.</summary>
    sealed class Constant : nn.Module<Tensor, Tensor>
    {
        public TorchSharp.Modules.Parameter Logits { get; }

        public Constant(float[] logits, int classes) : base(nameof(Constant))
        {
            Logits = nn.Parameter(tensor(logits).view(-1, classes));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => Logits;
    }

    [TestMethod]
    [DataRow(1.0, 0.5, 0.0)]
    [DataRow(4.0, 0.9, 0.0)]
    [DataRow(2.5, 1.0, 0.0)]
    [DataRow(4.0, 0.3, 0.1)]
    public void Loss_and_gradient_equal_PyTorchs(double temperature, double weight, double smoothing)
    {
        uint state = 5;
        float[] student = [.. Enumerable.Range(0, 35).Select(_ => 8 * Rows.Uniform(ref state) - 4)];
        float[] teacher = [.. Enumerable.Range(0, 35).Select(_ => 20 * Rows.Uniform(ref state) - 10)];
        long[] labels = [4, 0, 1, 3, 2, 2, 0];
        var path = Path.GetTempFileName();
        Reference reference;
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(new { student, teacher, labels, classes = 5, temperature, weight, smoothing }));
            reference = Python.Json<Reference>("distill.py", path);
        }
        finally
        {
            File.Delete(path);
        }
        using var scope = NewDisposeScope();
        var model = new Constant(student, 5);
        var objective = new DistilledCrossEntropy(5, new Constant(teacher, 5), temperature, weight, smoothing);
        var (loss, correct) = objective.Compute(model, new Batch(zeros(7, 2), tensor(labels)));
        loss.backward();
        Assert.AreEqual(reference.Loss, loss.item<float>(), 1e-5);
        foreach (var (expected, actual) in reference.Gradient.Zip(model.Logits.grad!.data<float>().ToArray()))
            Assert.AreEqual(expected, actual, 1e-6);
        Assert.AreEqual(labels.Where((label, row) => student.AsSpan(5 * row, 5).IndexOf(student.Skip(5 * row).Take(5).Max()) == label).Count(), correct);
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(4_000L)]
    public void A_student_that_learns_from_the_teacher_alone_comes_to_answer_like_it(long memoryLimit)
    {
        var rows = Rows.Blobs(400, 12, 3);
        random.manual_seed(3);
        using var teacher = nn.Sequential(("in", nn.Linear(12, 9)), ("drop", nn.Dropout(0.5)), ("out", nn.Linear(9, 3)));
        teacher.train();
        var before = Runs.Values(teacher);
        var options = new TrainingOptions { Epochs = 40, BatchSize = 20, LearningRate = 0.02, Replicas = 2, MemoryLimit = memoryLimit };
        random.manual_seed(4);
        using var student = Runs.Small.Build();
        new TrainingLoop(options).Run(new TrainingTask
        {
            Model = student,
            Copy = Runs.Small.Build,
            Examples = rows,
            Objective = new DistilledCrossEntropy(3, teacher, temperature: 1, weight: 1),
        });
        Runs.AreSame(before, Runs.Values(teacher));
        Assert.IsTrue(teacher.named_parameters().All(p => p.parameter.grad is null));
        using var scope = NewDisposeScope();
        var x = new float[400 * 12];
        for (var i = 0; i < 400; i++)
            rows.Row(i, x.AsSpan(12 * i, 12));
        var inputs = tensor(x).view(-1, 12);
        var apart = (((nn.Module<Tensor, Tensor>)student).call(inputs).softmax(1) - teacher.call(inputs).softmax(1)).abs().mean().item<float>();
        Assert.IsLessThan(0.02f, apart);
    }

    [TestMethod]
    public void Two_replicas_learn_what_one_learns_and_the_validation_loss_is_that_of_the_labels()
    {
        random.manual_seed(3);
        using var teacher = (FeedForward)Runs.Small.Build();
        var objective = new DistilledCrossEntropy(3, teacher, weight: 0.7);
        var options = new TrainingOptions { Epochs = 3, BatchSize = 20, Replicas = 1 };
        var rows = Rows.Blobs(60, 12, 3, seed: 9);
        var (one, history) = Runs.Train(options, objective: objective, validation: rows);
        var (two, _) = Runs.Train(options with { Replicas = 2 }, objective: objective, validation: rows);
        Runs.AreClose(one, two, 1e-5);
        double? again = null;
        Runs.Train(options with { Hooks = [new Hook { OnAfterEpoch = run => again = new Check(run, rows).Loss }] }, objective: objective);
        Assert.AreEqual(again!.Value, history.Epochs[^1].ValidationLoss!.Value, 1e-6);
    }

    sealed class Check(TrainingRun run, IExampleSource rows)
    {
        public double Loss { get; } = Of(run.Model, rows);

        static double Of(nn.Module model, IExampleSource rows)
        {
            using var scope = NewDisposeScope();
            using var reader = rows.Open();
            var (features, losses) = (new float[12], new List<double>());
            while (reader.Read(features, out var label))
                losses.Add(-((nn.Module<Tensor, Tensor>)model).call(tensor(features).view(1, 12)).log_softmax(1)[0, label].item<float>());
            return losses.Average();
        }
    }

    [TestMethod]
    public void Wrong_settings_and_another_count_of_classes_are_refused()
    {
        using var teacher = (FeedForward)new FeedForwardBlueprint([12, 4]).Build();
        StringAssert.Contains(Refusal(() => _ = new DistilledCrossEntropy(3, teacher, temperature: 0)), "Distillation.Temperature is 0; it must be above 0.");
        StringAssert.Contains(Refusal(() => _ = new DistilledCrossEntropy(3, teacher, weight: 0)), "Distillation.Weight is 0;");
        StringAssert.Contains(Refusal(() => _ = new DistilledCrossEntropy(3, teacher, weight: 50)), "did you mean 0.50?");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(new TrainingOptions { Epochs = 1 }, objective: new DistilledCrossEntropy(3, teacher)));
        StringAssert.Contains(error.Message, "The teacher gives [");
        StringAssert.Contains(error.Message, "they must give a logit for each of the same classes.");

        static string Refusal(Action make) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(make).Message;
    }
}
