using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Offline.ML.Tests.Pipeline;

[TestClass]
public sealed class RowMapperTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void An_added_column_comes_right_after_the_one_it_hides()
    {
        var data = new Plus(_context, ("Sum", "A"), ("A", "A")).Transform(Data(1, 2));

        Assert.AreEqual("A,A,B,Sum", string.Join(",", data.Schema.Select(column => column.Name)));
        Assert.AreEqual(1, data.Schema["A"].Index);
        CollectionAssert.AreEqual(new float[] { 2, 3 }, data.GetColumn<float>("A").ToArray());
        CollectionAssert.AreEqual(new float[] { 2, 3 }, data.GetColumn<float>("Sum").ToArray());
        CollectionAssert.AreEqual(new float[] { 1, 2 }, data.GetColumn<float>(data.Schema[0]).ToArray());
    }

    [TestMethod]
    public void Only_what_is_asked_for_is_computed_and_read()
    {
        var transformer = new Plus(_context, ("X", "A"), ("Y", "B"));
        var data = transformer.Transform(Data(1));

        Assert.AreEqual(0, transformer.GettersMade);
        Assert.AreEqual(2f, data.GetColumn<float>("X").Single());
        Assert.AreEqual(1, transformer.GettersMade);
        Assert.AreEqual(1f, data.GetColumn<float>("A").Single());
        Assert.AreEqual(1, transformer.GettersMade);
        var needed = ((IRowToRowMapper)data).GetDependencies([data.Schema["Y"]]);
        Assert.AreEqual("B", string.Join(",", needed.Select(column => column.Name)));
    }

    [TestMethod]
    public void A_missing_input_is_named_when_transforming()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Plus(_context, ("X", "Absent")).Transform(Data(1)));
        StringAssert.Contains(error.Message, "Could not find input column 'Absent'");
    }

    [TestMethod]
    public void An_output_named_twice_is_refused()
        => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Plus(_context, ("X", "A"), ("X", "B")));

    [TestMethod]
    public void An_exception_while_reading_is_wrapped_once_however_many_transforms_there_are()
    {
        var failing = new Plus(_context, ("X", "A")) { FailAt = 2 };
        var data = new Plus(_context, ("Y", "X")).Transform(new Plus(_context, ("Z", "X")).Transform(failing.Transform(Data(1, 2, 3))));
        var read = new List<float>();

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => read.AddRange(data.GetColumn<float>("Y")));
        Assert.IsInstanceOfType<TimeoutException>(error.InnerException);
    }

    [TestMethod]
    public void Cursors_of_a_set_can_be_read_on_several_threads()
    {
        var rows = Enumerable.Range(0, 4000).Select(i => (float)i).ToArray();
        var data = new Plus(_context, ("X", "A")).Transform(_context.Data.Cache(Data(rows)));
        var cursors = data.GetRowCursorSet([data.Schema["X"]], 4);
        Assert.IsTrue(cursors.Length > 1);
        double[] sums = new double[cursors.Length];
        Parallel.For(0, cursors.Length, i =>
        {
            using var cursor = cursors[i];
            var getter = cursor.GetGetter<float>(data.Schema["X"]);
            float value = 0;
            while (cursor.MoveNext())
            {
                getter(ref value);
                sums[i] += value;
            }
        });

        Assert.AreEqual(rows.Sum(value => value + 1.0), sums.Sum());
    }

    [TestMethod]
    public void Closing_a_cursor_runs_the_disposers_of_its_columns_once()
    {
        var transformer = new Plus(_context, ("X", "A"), ("Y", "B"));
        var data = transformer.Transform(Data(1));
        var cursor = data.GetRowCursor(data.Schema);
        cursor.Dispose();
        cursor.Dispose();

        Assert.AreEqual(2, transformer.Disposed);
    }

    private IDataView Data(params float[] values) => _context.Data.LoadFromEnumerable(values.Select(value => new Row { A = value, B = 10 * value }).ToArray());

    private sealed class Row
    {
        public float A { get; set; }

        public float B { get; set; }
    }

    /// <summary>Adds one.</summary>
    private sealed class Plus(IHostEnvironment environment, params (string, string)[] columns) : OneToOneTransformerBase(environment.Register("Plus"), columns)
    {
        public int GettersMade { get; private set; }

        public int Disposed { get; private set; }

        public float FailAt { get; init; } = float.NaN;

        private protected override void SaveModel(ModelSaveContext ctx) => SaveColumns(ctx);

        private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(Host, this, schema);

        private sealed class Mapper(IHost host, Plus parent, DataViewSchema schema) : OneToOneMapperBase(host, parent, schema)
        {
            protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
                => Array.ConvertAll(parent.ColumnPairs, pair => new DataViewSchema.DetachedColumn(pair.outputColumnName, NumberDataViewType.Single));

            protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
            {
                parent.GettersMade++;
                disposer = () => parent.Disposed++;
                var getter = input.GetGetter<float>(input.Schema[ColMapNewToOld[iinfo]]);
                return (ValueGetter<float>)((ref float value) =>
                {
                    getter(ref value);
                    if (value == parent.FailAt)
                        throw new TimeoutException();
                    value++;
                });
            }
        }
    }
}
