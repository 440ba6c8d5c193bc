using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Stack.MachineLearning.Tests.Transforms;

[TestClass]
public sealed class CustomMappingTests
{
    private const string Contract = "Stack.MachineLearning.Tests.SumAndName";
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void A_function_makes_new_columns_of_each_row()
    {
        var mapped = Pipeline(null).Fit(Rows()).Transform(Rows());

        CollectionAssert.AreEqual(new float[] { 3, 7 }, mapped.GetColumn<float>(nameof(Output.Sum)).ToArray());
        CollectionAssert.AreEqual(new[] { "3!", "7!" }, mapped.GetColumn<string>("Name").ToArray());
        CollectionAssert.AreEqual(new[] { "Vector", "Other", "Sum", "Name" }, mapped.Schema.Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void The_function_runs_once_a_row_and_only_if_it_is_needed()
    {
        int calls = 0;
        var mapped = _context.Transforms.CustomMapping<Input, Output>((input, output) => calls++, null).Fit(Rows()).Transform(Rows());

        mapped.GetColumn<int>("Other").Count();
        Assert.AreEqual(0, calls);
        mapped.Preview();
        Assert.AreEqual(2, calls);
    }

    [TestMethod]
    public void A_saved_mapping_finds_its_function_by_contract()
    {
        using var file = new MemoryStream();
        _context.Model.Save(Pipeline(Contract).Fit(Rows()), Rows().Schema, file);
        file.Position = 0;

        var mapped = new MLContext().Model.Load(file, out _).Transform(Rows());

        CollectionAssert.AreEqual(new float[] { 3, 7 }, mapped.GetColumn<float>(nameof(Output.Sum)).ToArray());
    }

    [TestMethod]
    public void A_mapping_without_a_contract_cannot_be_saved()
    {
        using var file = new MemoryStream();

        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Model.Save(Pipeline(null).Fit(Rows()), Rows().Schema, file));
    }

    [TestMethod]
    public void Columns_that_the_function_reads_must_be_there()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Output() });

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Pipeline(null).Fit(data)).Message, "Vector");
    }

    [TestMethod]
    public void Rows_for_which_a_predicate_holds_are_dropped()
    {
        var kept = _context.Data.FilterByCustomPredicate<Input>(Rows(), row => row.Vector[0] > 2);

        CollectionAssert.AreEqual(new[] { 10 }, kept.GetColumn<int>("Other").ToArray());
    }

    private static void Map(Input input, Output output)
    {
        output.Sum = input.Vector.Sum();
        output.Text = $"{output.Sum}!";
    }

    private CustomMappingEstimator<Input, Output> Pipeline(string? contract) => _context.Transforms.CustomMapping<Input, Output>(Map, contract);

    private IDataView Rows() => _context.Data.LoadFromEnumerable(new[] { new Row { Vector = [1, 2], Other = 10 }, new Row { Vector = [3, 4], Other = 20 } });

    public sealed class Input
    {
        [VectorType(2)]
        public float[] Vector { get; set; } = [];
    }

    public sealed class Output
    {
        public float Sum { get; set; }

        [ColumnName("Name")]
        public string Text { get; set; } = "";
    }

    [CustomMappingFactoryAttribute(Contract)]
    public sealed class Factory : CustomMappingFactory<Input, Output>
    {
        public override Action<Input, Output> GetMapping() => Map;
    }

    private sealed class Row
    {
        [VectorType(2)]
        public float[] Vector { get; set; } = [];

        public int Other { get; set; }
    }
}
