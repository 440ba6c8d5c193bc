using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Pipeline;

[TestClass]
public sealed class ChainTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Each_estimator_is_fitted_on_what_those_before_it_make()
    {
        var log = new List<string>();
        var chain = new Recorder("first", "A", "B", log).Append(new Recorder("second", "B", "C", log));
        var model = chain.Fit(Data(1, 2));

        CollectionAssert.AreEqual(new[] { "first shape A", "second shape A", "first fit A", "second fit A,B" }, log);
        Assert.AreEqual(2, model.Count());
        Assert.AreSame(model.Last(), model.LastTransformer);
        CollectionAssert.AreEqual(new float[] { 4, 8 }, model.Transform(Data(1, 2)).GetColumn<float>("C").ToArray());
    }

    [TestMethod]
    public void Nothing_is_fitted_when_the_schema_of_a_later_estimator_does_not_fit()
    {
        var log = new List<string>();
        var chain = new Recorder("first", "A", "B", log).Append(new Recorder("refuses", "B", "C", log));

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chain.Fit(Data(1)));
        Assert.IsFalse(log.Any(entry => entry.Contains("fit", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_chain_transforms_with_what_is_in_scope()
    {
        var chain = new EstimatorChain<ITransformer>()
            .Append(new Recorder("a", "A", "B", []))
            .Append(new Recorder("b", "A", "C", []), TransformerScope.TrainTest)
            .Append(new Recorder("c", "A", "D", []));
        var model = chain.Fit(Data(1));

        Assert.AreEqual("A,B,D", Names(model.Transform(Data(1)).Schema));
        Assert.AreEqual("A,B,D", Names(model.GetOutputSchema(Data(1).Schema)));
        Assert.AreEqual("A,B,C,D", Names(model.Transform(Data(1), TransformerScope.Everything).Schema));
        Assert.AreEqual("A,B,C,D", Names(model.GetOutputSchema(Data(1).Schema, TransformerScope.Training)));
        Assert.AreEqual(2, model.GetModelFor(TransformerScope.Scoring).Count());
    }

    [TestMethod]
    public void Appending_leaves_the_shorter_chain_as_it_was()
    {
        var one = new EstimatorChain<ITransformer>().Append(new Recorder("a", "A", "B", []));
        var two = one.Append(new Recorder("b", "B", "C", []));

        Assert.AreEqual(1, one.Fit(Data(1)).Count());
        Assert.AreEqual(2, two.Fit(Data(1)).Count());
        Assert.IsInstanceOfType<Recorder>(two.LastEstimator);
    }

    [TestMethod]
    public void A_checkpoint_needs_an_estimator_before_it_and_changes_no_values()
    {
        Assert.ThrowsExactly<InvalidOperationException>(() => new EstimatorChain<ITransformer>().AppendCacheCheckpoint(_context));

        int reads = 0;
        IEnumerable<Row> Rows()
        {
            reads++;
            yield return new Row { A = 3 };
        }

        var model = new Recorder("a", "A", "B", []).AppendCacheCheckpoint(_context)
            .Append(new Recorder("reads", "B", "C", []))
            .Append(new Recorder("reads", "B", "D", []))
            .Fit(_context.Data.LoadFromEnumerable(Rows()));
        Assert.AreEqual(1, reads);
        Assert.AreEqual(12f, model.Transform(Data(3)).GetColumn<float>("D").Single());
    }

    [TestMethod]
    public void What_was_fitted_is_handed_over()
    {
        Doubler? seen = null;
        var chain = new Recorder("a", "A", "B", []).WithOnFitDelegate(fitted => seen = fitted).Append(new Recorder("b", "B", "C", []));
        var model = chain.Fit(Data(1));

        Assert.IsNotNull(seen);
        Assert.AreSame(seen, model.First());
    }

    [TestMethod]
    public void Transformers_append_to_a_chain_that_checks_the_schema_first()
    {
        var chain = new Doubler("A", "B").Append(new Doubler("B", "C"));
        CollectionAssert.AreEqual(new float[] { 4 }, chain.Transform(Data(1)).GetColumn<float>("C").ToArray());

        var broken = new Doubler("A", "B").Append(new Doubler("Absent", "C"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => { broken.Transform(Data(1)); });
    }

    [TestMethod]
    public void Disposing_of_a_chain_disposes_of_its_transformers_once()
    {
        Doubler[] links = [new("A", "B"), new("B", "C")];
        var chain = new TransformerChain<ITransformer>(links);
        chain.Dispose();
        chain.Dispose();

        CollectionAssert.AreEqual(new[] { 1, 1 }, links.Select(link => link.Disposals).ToArray());
    }

    [TestMethod]
    public void A_chain_whose_parts_do_not_fit_is_refused()
    {
        Assert.ThrowsExactly<InvalidOperationException>(() => new TransformerChain<ITransformer>([new Doubler("A", "B")], Array.Empty<TransformerScope>()));
        Assert.ThrowsExactly<ArgumentNullException>(() => new Doubler("A", "B").Append((Doubler)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new Recorder("a", "A", "B", []).Append((Recorder)null!));
    }

    private static string Names(DataViewSchema schema) => string.Join(",", schema.Select(column => column.Name));

    private IDataView Data(params float[] values) => _context.Data.LoadFromEnumerable(values.Select(value => new Row { A = value }).ToArray());

    private sealed class Row
    {
        public float A { get; set; }
    }

    /// <summary>An estimator of a <see cref="Doubler"/> that notes what it is asked.</summary>
    private sealed class Recorder(string name, string input, string output, List<string> log) : IEstimator<Doubler>
    {
        public Doubler Fit(IDataView data)
        {
            log.Add($"{name} fit {Names(data.Schema)}");
            if (name == "reads")
                Assert.AreEqual(1, data.GetColumn<float>(input).Count());
            return new Doubler(input, output);
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            log.Add($"{name} shape {string.Join(",", inputSchema.Select(column => column.Name))}");
            return name == "refuses" ? throw new ArgumentOutOfRangeException(nameof(inputSchema)) : inputSchema;
        }
    }
}
