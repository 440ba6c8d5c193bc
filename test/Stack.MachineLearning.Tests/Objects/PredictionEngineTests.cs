using Microsoft.ML;
using Microsoft.ML.Data;
using Stack.MachineLearning.Tests.Pipeline;

namespace Stack.MachineLearning.Tests.Objects;

[TestClass]
public sealed class PredictionEngineTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void A_prediction_carries_what_the_transformer_adds()
    {
        using var engine = _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("A", "B"));

        Assert.AreEqual(6f, engine.Predict(new Input { A = 3 }).B);
        Assert.AreEqual(8f, engine.Predict(new Input { A = 4 }).B);
        Assert.AreEqual("A: Single, B: Single", string.Join(", ", engine.OutputSchema));
    }

    [TestMethod]
    public void A_prediction_object_can_be_used_again()
    {
        using var engine = _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("A", "B"));
        var prediction = new Output();
        var same = prediction;
        engine.Predict(new Input { A = 1 }, ref prediction);
        Assert.AreSame(same, prediction);
        Assert.AreEqual(2f, prediction.B);

        prediction = null!;
        engine.Predict(new Input { A = 5 }, ref prediction);
        Assert.AreEqual(10f, prediction.B);
        Assert.ThrowsExactly<ArgumentNullException>(() => engine.Predict(null!));
    }

    [TestMethod]
    public void Chains_predict_link_by_link()
    {
        using var engine = _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("A", "C").Append(new Doubler("C", "B")));

        Assert.AreEqual(12f, engine.Predict(new Input { A = 3 }).B);
    }

    [TestMethod]
    public void The_engine_disposes_of_its_transformer_unless_told_not_to()
    {
        var owned = new Doubler("A", "B");
        _context.Model.CreatePredictionEngine<Input, Output>(owned).Dispose();
        Assert.AreEqual(1, owned.Disposals);

        var lent = new Doubler("A", "B");
        var engine = _context.Model.CreatePredictionEngine<Input, Output>(lent, new PredictionEngineOptions { OwnsTransformer = false });
        engine.Dispose();
        engine.Dispose();
        Assert.AreEqual(0, lent.Disposals);
    }

    [TestMethod]
    public void Missing_output_columns_are_ignored_unless_asked_for()
    {
        using var engine = _context.Model.CreatePredictionEngine<Input, OutputWithMore>(new Doubler("A", "B"));
        Assert.AreEqual(2f, engine.Predict(new Input { A = 1 }).B);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Model.CreatePredictionEngine<Input, OutputWithMore>(new Doubler("A", "B"), ignoreMissingColumns: false));
    }

    [TestMethod]
    public void An_input_without_a_needed_column_is_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("Absent", "B")));
        StringAssert.Contains(error.Message, "Absent");
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.CreatePredictionEngine<Input, Output>(null!));
    }

    [TestMethod]
    public void A_schema_says_which_columns_the_input_has()
    {
        var schema = _context.Data.LoadFromEnumerable(new List<Input>()).Schema;
        using var engine = _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("A", "B"), schema);
        Assert.AreEqual(2f, engine.Predict(new Input { A = 1 }).B);

        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Absent", NumberDataViewType.Single);
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Model.CreatePredictionEngine<Input, Output>(new Doubler("A", "B"), builder.ToSchema()));
    }

    private sealed class Input
    {
        public float A { get; set; }
    }

    private sealed class Output
    {
        public float B { get; set; }
    }

    private sealed class OutputWithMore
    {
        public float B { get; set; }

        public float More { get; set; }
    }
}
