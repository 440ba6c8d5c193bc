using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Text;

[TestClass]
public sealed class SaveAsTextTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void The_file_says_how_it_is_to_be_read()
    {
        string[] lines = Save(Rows()).Split('\n', StringSplitOptions.TrimEntries);

        CollectionAssert.AreEqual(new[]
        {
            "#@ TextLoader{", "#@   header+", "#@   sep=tab", "#@   col=Id:I4:0", "#@   col=Text:TX:1", "#@   col=Vector:R4:2-3", "#@ }",
            "Id\tText\t\"\"\t\"\"", "1\ta b\t0.5\t-1", "2\t\"say \"\"x\"\"\"\t0\t?", "",
        }, lines);
    }

    [TestMethod]
    public void What_was_saved_is_loaded_without_being_told_how()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Save(Rows()));
            var loaded = _context.Data.LoadFromTextFile(path);

            // The file does not say that quotes mean anything.
            CollectionAssert.AreEqual(new[] { 1, 2 }, loaded.GetColumn<int>("Id").ToArray());
            CollectionAssert.AreEqual(new float[] { 0.5f, -1 }, loaded.GetColumn<float[]>("Vector").First());
            CollectionAssert.AreEqual(Rows().Schema.Select(column => column.Name).ToArray(), loaded.Schema.Select(column => column.Name).ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Header_and_schema_can_be_left_out()
        => Assert.AreEqual("1,a b,0.5,-1\n2,\"say \"\"x\"\"\",0,?\n", Save(Rows(), separator: ',', header: false, schema: false));

    [TestMethod]
    public void Long_rows_of_zeros_are_written_as_pairs_unless_dense_is_asked_for()
    {
        var vector = new float[12];
        vector[3] = 1;
        vector[10] = 2;
        var data = _context.Data.LoadFromEnumerable(new[] { new Wide { Vector = vector } });

        Assert.AreEqual("12\t3:1\t10:2\n", Save(data, schema: false));
        Assert.AreEqual("0\t0\t0\t1\t0\t0\t0\t0\t0\t0\t2\t0\n", Save(data, schema: false, dense: true));
    }

    [TestMethod]
    public void Keys_are_written_from_zero_and_missing_ones_as_nothing()
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Text").Append(_context.Transforms.SelectColumns("Text"));
        var other = _context.Data.LoadFromEnumerable(new[] { new Row { Id = 1, Text = "a b", Vector = [0, 0] }, new Row { Text = "unknown", Vector = [0, 0] } });

        Assert.AreEqual("Text\n0\n\n", Save(pipeline.Fit(Rows()).Transform(other), schema: false));
    }

    [TestMethod]
    public void Only_some_separators_can_be_read_again()
        => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Save(Rows(), separator: '/'));

    private string Save(IDataView data, char separator = '\t', bool header = true, bool schema = true, bool dense = false)
    {
        using var stream = new MemoryStream();
        _context.Data.SaveAsText(data, stream, separator, header, schema, forceDense: dense);
        return Encoding.UTF8.GetString(stream.ToArray()).ReplaceLineEndings("\n");
    }

    private IDataView Rows() => _context.Data.LoadFromEnumerable(new[]
    {
        new Row { Id = 1, Text = "a b", Vector = [0.5f, -1] },
        new Row { Id = 2, Text = "say \"x\"", Vector = [0, float.NaN] },
    });

    private sealed class Row
    {
        public int Id { get; set; }

        public string Text { get; set; } = "";

        [VectorType(2)]
        public float[] Vector { get; set; } = [];
    }

    private sealed class Wide
    {
        [VectorType(12)]
        public float[] Vector { get; set; } = [];
    }
}
