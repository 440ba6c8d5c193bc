using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Text;

[TestClass]
public sealed class TextLoaderTests
{
    private readonly MLContext _context = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("text-loader").FullName;

    [TestCleanup]
    public void RemoveFiles() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Members_say_which_columns_they_are_loaded_from()
    {
        var data = _context.Data.LoadFromTextFile<Flower>(Write("1.5,2,3,setosa,7\n4,5,6.25,versicolor,8\n"), separatorChar: ',');
        var rows = _context.Data.CreateEnumerable<Flower>(data, reuseRowObject: false).ToArray();

        CollectionAssert.AreEqual(new[] { 1.5f, 2, 3 }, rows[0].Features);
        CollectionAssert.AreEqual(new[] { 4, 5, 6.25f }, rows[1].Features);
        Assert.AreEqual("versicolor", rows[1].Kind);
        Assert.AreEqual(8, rows[1].Count);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 3), data.Schema["Features"].Type);
        Assert.IsNull(data.GetRowCount());
        Assert.IsFalse(data.CanShuffle);
    }

    [TestMethod]
    public void A_header_is_skipped_and_names_the_slots()
    {
        var data = Load("a,b,c\n1,2,3\n", [new("A", DataKind.Single, 0), new("V", DataKind.Single, 1, 2)], hasHeader: true);

        CollectionAssert.AreEqual(new float[] { 1 }, data.GetColumn<float>("A").ToArray());
        // Without a sample of the data, the loader does not know the header before it reads.
        Assert.IsFalse(data.Schema["V"].HasSlotNames());
        string path = Write("a,b,c\n1,2,3\n");
        var loader = _context.Data.CreateTextLoader([new("V", DataKind.Single, 1, 2)], ',', hasHeader: true, dataSample: new MultiFileSource(path));
        VBuffer<ReadOnlyMemory<char>> names = default;
        loader.GetOutputSchema()["V"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "b", "c" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void Quoted_values_may_have_separators_quotes_and_line_ends()
    {
        TextLoader.Column[] columns = [new("A", DataKind.String, 0), new("B", DataKind.String, 1)];
        var data = Load("\"x,y\",\"say \"\"hi\"\"\"\nplain, padded \n", columns, allowQuoting: true);

        CollectionAssert.AreEqual(new[] { "x,y", "plain" }, data.GetColumn<string>("A").ToArray());
        CollectionAssert.AreEqual(new[] { "say \"hi\"", "padded " }, data.GetColumn<string>("B").ToArray());

        var options = new TextLoader.Options { Columns = columns, Separators = [','], AllowQuoting = true, ReadMultilines = true };
        var joined = _context.Data.LoadFromTextFile(Write("\"two\nlines\",b\nc,d\n"), options);
        CollectionAssert.AreEqual(new[] { "two\nlines", "c" }, joined.GetColumn<string>("A").ToArray());
    }

    [TestMethod]
    public void Without_quoting_quotes_are_characters_like_others()
        => CollectionAssert.AreEqual(new[] { "\"x" }, Load("\"x,y\"\n", [new("A", DataKind.String, 0)]).GetColumn<string>("A").ToArray());

    [TestMethod]
    public void Numbers_are_read_in_all_their_forms()
    {
        string[] texts = ["1", "-2.5", "+3e2", "4E-1", ".5", "6.", "NaN", "?", "", "Infinity", "-Infinity", "0x1", "1 000"];
        var data = Load(string.Join("\n", texts.Select(text => text + ",x")) + "\n", [new("A", DataKind.Single, 0), new("D", DataKind.Double, 0)]);

        float[] expected = [1, -2.5f, 300, 0.4f, 0.5f, 6, float.NaN, float.NaN, 0, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.NaN];
        CollectionAssert.AreEqual(expected, data.GetColumn<float>("A").ToArray());
        CollectionAssert.AreEqual(expected.Select(value => value == 0.4f ? 0.4 : value).ToArray(), data.GetColumn<double>("D").ToArray());
    }

    [TestMethod]
    public void Empty_reals_are_zero_or_missing_as_the_options_say()
    {
        var options = new TextLoader.Options { Columns = [new("V", DataKind.Single, 0, 2)], Separators = [','], MissingRealsAsNaNs = true };
        string path = Write("1,,3\n");

        CollectionAssert.AreEqual(new[] { 1, float.NaN, 3 }, _context.Data.LoadFromTextFile(path, options).GetColumn<float[]>("V").Single());
        options.MissingRealsAsNaNs = false;
        CollectionAssert.AreEqual(new float[] { 1, 0, 3 }, _context.Data.LoadFromTextFile(path, options).GetColumn<float[]>("V").Single());
    }

    [TestMethod]
    public void Other_types_are_read_too()
    {
        var data = Load("1,yes,2020-01-02T03:04:05Z,01:02:03,250,-7\n", [new("I", DataKind.Int64, 0), new("B", DataKind.Boolean, 1), new("D", DataKind.DateTime, 2), new("T", DataKind.TimeSpan, 3), new("U", DataKind.Byte, 4), new("S", DataKind.SByte, 5)]);

        Assert.AreEqual(1L, data.GetColumn<long>("I").Single());
        Assert.IsTrue(data.GetColumn<bool>("B").Single());
        Assert.AreEqual(new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc), data.GetColumn<DateTime>("D").Single());
        Assert.AreEqual(new TimeSpan(1, 2, 3), data.GetColumn<TimeSpan>("T").Single());
        Assert.AreEqual((byte)250, data.GetColumn<byte>("U").Single());
        Assert.AreEqual((sbyte)-7, data.GetColumn<sbyte>("S").Single());
    }

    [TestMethod]
    public void Keys_in_files_count_from_zero_and_what_is_beyond_is_missing()
    {
        TextLoader.Column[] columns = [new("K", DataKind.UInt32, [new TextLoader.Range(0)], new KeyCount(3))];
        var data = Load("0\n2\n3\nNA\nx\n", columns);

        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), data.Schema["K"].Type);
        CollectionAssert.AreEqual(new uint[] { 1, 3, 0, 0, 0 }, data.GetColumn<uint>("K").ToArray());
    }

    [TestMethod]
    public void Rows_may_end_in_pairs_of_index_and_value()
    {
        TextLoader.Column[] columns = [new("A", DataKind.Single, 0), new("V", DataKind.Single, [new TextLoader.Range(1, 6)])];
        var data = Load("7,6,1:2,4:3\n8,6,0:1\n", columns, allowSparse: true);

        CollectionAssert.AreEqual(new float[] { 7, 8 }, data.GetColumn<float>("A").ToArray());
        CollectionAssert.AreEqual(new float[] { 0, 2, 0, 0, 3, 0 }, data.GetColumn<float[]>("V").First());
        Assert.IsFalse(data.GetColumn<VBuffer<float>>("V").First().IsDense);
    }

    [TestMethod]
    public void Ranges_may_go_to_the_end_or_take_the_rest()
    {
        string path = Write("1,2,3,4\n5,6,7,8\n");
        var options = new TextLoader.Options
        {
            Separators = [','],
            Columns = [new("Label", DataKind.Single, 2), new("Rest", DataKind.Single, [new TextLoader.Range { Min = 0, Max = 3, AllOther = true }]), new("End", DataKind.Single, [new TextLoader.Range(2, null)])],
        };
        var loader = _context.Data.CreateTextLoader(options, new MultiFileSource(path));
        var data = loader.Load(new MultiFileSource(path));

        CollectionAssert.AreEqual(new float[] { 1, 2 }, data.GetColumn<float[]>("Rest").First()[..2]);
        CollectionAssert.AreEqual(new float[] { 7, 8 }, data.GetColumn<float[]>("End").Last());
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2), data.Schema["End"].Type);
    }

    [TestMethod]
    public void Comments_and_empty_lines_are_no_rows()
        => CollectionAssert.AreEqual(new[] { "a", "#c" }, Load("# first\n\n// second\na\n\n// third\n#c\n", [new("A", DataKind.String, 0)]).GetColumn<string>("A").ToArray());

    [TestMethod]
    public void Several_files_are_read_one_after_the_other_each_with_its_header()
    {
        Write("h\n1\n", "part-1.csv");
        Write("h\n2\n3\n", "part-2.csv");

        var data = _context.Data.LoadFromTextFile(Path.Combine(_folder, "part-*.csv"), [new TextLoader.Column("A", DataKind.Single, 0)], ',', hasHeader: true);

        CollectionAssert.AreEqual(new float[] { 1, 2, 3 }, data.GetColumn<float>("A").ToArray());
        CollectionAssert.AreEqual(new float[] { 1, 2 }, _context.Data.LoadFromTextFile(Path.Combine(_folder, "part-*.csv"),
            new TextLoader.Options { Columns = [new("A", DataKind.Single, 0)], HasHeader = true, MaxRows = 2 }).GetColumn<float>("A").ToArray());
    }

    [TestMethod]
    public void What_cannot_be_read_as_an_integer_stops_with_line_and_column()
    {
        var data = Load("1\nnine\n", [new("I", DataKind.Int32, 0)]);

        var error = Assert.Throws<Exception>(() => data.GetColumn<int>("I").ToArray());

        StringAssert.Contains(error.Message, "Could not parse value nine in line 2, column I");
    }

    [TestMethod]
    public void A_file_that_is_not_there_is_named()
    {
        string path = Path.Combine(_folder, "nothing.csv");

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.LoadFromTextFile(path, [new TextLoader.Column("A", DataKind.Single, 0)]));
        StringAssert.Contains(error.Message, path);
    }

    [TestMethod]
    public void Options_that_contradict_each_other_are_refused()
    {
        TextLoader.Column[] columns = [new("A", DataKind.Single, 0)];
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.CreateTextLoader(new TextLoader.Options { Columns = columns, Separators = ['5'] }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.CreateTextLoader(new TextLoader.Options { Columns = columns, DecimalMarker = ';' }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.CreateTextLoader(new TextLoader.Options { Columns = columns, Separators = [','], EscapeChar = ',' }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.CreateTextLoader([new TextLoader.Column("A", DataKind.Single, [new(0, 3), new(2, 5)])]));
        Assert.ThrowsExactly<InvalidOperationException>(() => _context.Data.CreateTextLoader<Unmarked>());
    }

    [TestMethod]
    public void A_comma_may_mark_decimals()
    {
        var options = new TextLoader.Options { Columns = [new("A", DataKind.Single, 0)], Separators = [';'], DecimalMarker = ',' };

        Assert.AreEqual(1.5f, _context.Data.LoadFromTextFile(Write("1,5;x\n"), options).GetColumn<float>("A").Single());
    }

    [TestMethod]
    public void A_saved_loader_reads_as_before()
    {
        string path = Write("lab,a,b,t\n1,2,3,x\n3,5,6,\"y,z\"\n");
        var loader = _context.Data.CreateTextLoader([new("L", DataKind.UInt32, [new TextLoader.Range(0)], new KeyCount(4)), new("F", DataKind.Single, 1, 2), new("T", DataKind.String, 3)],
            ',', hasHeader: true, new MultiFileSource(path), allowQuoting: true);
        using var file = new MemoryStream();
        _context.Model.Save(_context.Transforms.NormalizeMinMax("F").Fit(loader.Load(new MultiFileSource(path))), loader, file);
        file.Position = 0;

        var model = new MLContext().Model.LoadWithDataLoader(file, out var loaded);
        var data = model.Transform(loaded.Load(new MultiFileSource(path)));

        CollectionAssert.AreEqual(new uint[] { 2, 4 }, data.GetColumn<uint>("L").ToArray());
        CollectionAssert.AreEqual(new[] { "x", "y,z" }, data.GetColumn<string>("T").ToArray());
        CollectionAssert.AreEqual(new float[] { 1, 1 }, data.GetColumn<float[]>("F").Last());
        Assert.IsTrue(loaded.GetOutputSchema()["F"].HasSlotNames());
    }

    private string Write(string text, string name = "data.csv")
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private IDataView Load(string text, TextLoader.Column[] columns, bool hasHeader = false, bool allowQuoting = false, bool allowSparse = false)
        => _context.Data.LoadFromTextFile(Write(text), columns, ',', hasHeader, allowQuoting, allowSparse: allowSparse);

    private sealed class Flower
    {
        [LoadColumn(0, 2)]
        [VectorType(3)]
        public float[] Features { get; set; } = [];

        [LoadColumn(3)]
        [ColumnName("Species")]
        public string Kind { get; set; } = "";

        [LoadColumn(4)]
        public int Count { get; set; }
    }

    private sealed class Unmarked
    {
        public float A { get; set; }
    }
}
