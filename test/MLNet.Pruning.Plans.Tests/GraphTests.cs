using System.Runtime.InteropServices;
using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Tests;

/// <summary>Graphs as descriptions, in files, and on every width of vector.</summary>
[TestClass]
public sealed class GraphTests
{
    /// <summary>A strided convolution with batch norm, a depthwise one, a residual sum, a gate, a concatenation, a mean and a linear
    /// layer.</summary>
    static readonly GraphDescription Graph = new(
    [
        new(GraphOperation.Input, "input", [], [2, 9, 8]),
        new(GraphOperation.Convolution, "stem", [0], [6, 5, 4]) { Weight = "stem.weight", Window = Window(3, 2, 1) },
        new(GraphOperation.BatchNorm, "norm", [1], [6, 5, 4])
        {
            Weight = "norm.weight", Bias = "norm.bias", Mean = "norm.running_mean", Variance = "norm.running_var", Coefficient = 1e-5,
        },
        new(GraphOperation.Relu, "relu", [2], [6, 5, 4]),
        new(GraphOperation.Convolution, "wise", [3], [6, 5, 4]) { Weight = "wise.weight", Bias = "wise.bias", Window = Window(3, 1, 1),
            Groups = 6 },
        new(GraphOperation.Add, "add", [4, 3], [6, 5, 4]),
        new(GraphOperation.Elu, "elu", [5], [6, 5, 4]) { Coefficient = 1 },
        new(GraphOperation.AveragePool, "mean", [6], [6, 1, 1]) { Window = new([5, 4], [5, 4], [0, 0], [1, 1]) },
        new(GraphOperation.Sigmoid, "gate", [7], [6, 1, 1]),
        new(GraphOperation.Multiply, "gated", [6, 8], [6, 5, 4]),
        new(GraphOperation.Concatenate, "joined", [9, 3], [12, 5, 4]),
        new(GraphOperation.MaxPool, "pool", [10], [12, 3, 2]) { Window = Window(3, 2, 1) },
        new(GraphOperation.Reshape, "flat", [11], [72]),
        new(GraphOperation.LayerNorm, "layerNorm", [12], [72]) { Coefficient = 1e-6 },
        new(GraphOperation.Linear, "head", [13], [5]) { Weight = "head.weight", Bias = "head.bias" },
    ]);

    static GraphWindow Window(int kernel, int stride, int padding) => new([kernel, kernel], [stride, stride], [padding, padding], [1, 1]);

    static NetworkWeights Weights(double density = 1)
    {
        var weights = new NetworkWeights();
        weights.Add("stem.weight", Numbers.Sparse(6 * 2 * 9, 1, density, 0.3), 6, 2, 3, 3);
        weights.Add("wise.weight", Numbers.Sparse(6 * 9, 2, density, 0.4), 6, 1, 3, 3);
        weights.Add("wise.bias", Numbers.Random(6, 3), 6);
        foreach (string part in (string[])["weight", "bias", "running_mean"])
            weights.Add($"norm.{part}", Numbers.Random(6, part.Length), 6);
        weights.Add("norm.running_var", [.. Numbers.Random(6, 9).Select(v => 1 + (v / 2))], 6);
        weights.Add("head.weight", Numbers.Sparse(5 * 72, 4, density, 0.2), 5, 72);
        weights.Add("head.bias", Numbers.Random(5, 5), 5);
        return weights;
    }

    /// <summary>The same graph by plain loops in double precision.</summary>
    static double[] Reference(NetworkWeights weights, ReadOnlySpan<float> row)
    {
        double[] x = [.. row.ToArray().Select(v => (double)v)];
        double[] stem = ReferenceGraph.Convolution(x, 2, 9, 8, weights.Get("stem.weight", 6, 2, 3, 3).ToArray(), null, 6, 3, 2, 1, 1);
        float[] scale = weights.Get("norm.weight", 6).ToArray(), shift = weights.Get("norm.bias", 6).ToArray(), mean = weights.Get("norm.running_mean", 6).ToArray(),
            variance = weights.Get("norm.running_var", 6).ToArray();
        double[] relu = [.. stem.Select((v, i) =>
            Math.Max(0, ((v - mean[i / 20]) / Math.Sqrt(variance[i / 20] + 1e-5) * scale[i / 20]) + shift[i / 20]))];
        double[] wise = ReferenceGraph.Convolution(relu, 6, 5, 4, weights.Get("wise.weight", 6, 1, 3, 3).ToArray(), weights.Get("wise.bias", 6).ToArray(), 6,
            3, 1, 1, 6);
        double[] elu = [.. wise.Zip(relu, (a, b) => a + b > 0 ? a + b : Math.Exp(a + b) - 1)];
        double[] gates = [.. Enumerable.Range(0, 6).Select(c => 1 / (1 + Math.Exp(-elu.Skip(c * 20).Take(20).Average())))];
        double[] joined = [.. elu.Select((v, i) => v * gates[i / 20]), .. relu];
        double[] flat = [.. Enumerable.Range(0, 72)
            .Select(i => Enumerable.Range(0, 9).Select(t => (Y: (i / 2 % 3 * 2) - 1 + (t / 3), X: (i % 2 * 2) - 1 + (t % 3)))
            .Where(p => p.Y is >= 0 and < 5 && p.X is >= 0 and < 4).Max(p => joined[(((i / 6) * 5) + p.Y) * 4 + p.X]))];
        double average = flat.Average(), spread = Math.Sqrt(flat.Average(v => (v - average) * (v - average)) + 1e-6);
        float[] head = weights.Get("head.weight", 5, 72).ToArray(), bias = weights.Get("head.bias", 5).ToArray();
        double[] logits = [.. Enumerable.Range(0, 5)
            .Select(o => bias[o] + flat.Select((v, i) => head[(o * 72) + i] * (v - average) / spread).Sum())];
        double sum = logits.Sum(Math.Exp);
        return [.. logits.Select(v => Math.Exp(v) / sum)];
    }

    [TestMethod]
    [DynamicData(nameof(Widths.All), typeof(Widths))]
    public void A_graph_scores_as_double_precision_does_on_every_width(int width)
    {
        foreach (double density in (double[])[1, 0.4])
        {
            foreach (var choice in Enum.GetValues<KernelChoice>())
            {
                var weights = Weights(density);
                var plan = ScoringPlan.Compile(Graph, weights, new CompileOptions(Widths.Of(width), choice, ScoringOutput.Probabilities));
                float[] rows = Numbers.Random(37 * plan.InputWidth, 6), scores = new float[37 * 5], alone = new float[5];
                plan.Score(rows, scores);
                for (int row = 0; row < 37; row += 9)
                {
                    var one = rows.AsSpan(row * plan.InputWidth, plan.InputWidth);
                    double[] wanted = Reference(weights, one);
                    for (int i = 0; i < 5; i++)
                        Numbers.AreClose(wanted[i], scores[(row * 5) + i], 1e-5, $"{choice}, {density}: row {row}, score {i}");
                    plan.Score(one, alone);
                    Assert.IsTrue(MemoryMarshal.AsBytes(alone.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(scores.AsSpan(row * 5, 5))),
                        $"row {row} alone");
                }
            }
        }
    }

    [TestMethod]
    [DataRow(GraphOperation.Linear)]
    [DataRow(GraphOperation.LayerNorm)]
    [DataRow(GraphOperation.Softmax)]
    [DataRow(GraphOperation.LogSoftmax)]
    [DataRow(GraphOperation.Gelu)]
    [DataRow(GraphOperation.Tanh)]
    [DataRow(GraphOperation.Constant)]
    public void What_reads_a_constant_computes_the_same_for_each_row(GraphOperation operation)
    {
        float[] constant = Numbers.Random(6, 1);
        var weights = new NetworkWeights();
        weights.Add("constant", constant, 6);
        weights.Add("weight", Numbers.Random(36, 2), 6, 6);
        var input = new GraphNode(GraphOperation.Input, "input", [], [6]);
        var reader = new GraphNode(operation, "reader", [1], [6])
        {
            Weight = operation == GraphOperation.Linear ? "weight" : null,
            Coefficient = 1e-5,
        };
        IReadOnlyList<GraphNode> after = operation == GraphOperation.Constant ? [] : [reader];
        var known = ScoringPlan.Compile(new GraphDescription(
            [input, new(GraphOperation.Constant, "c", [], [6]) { Weight = "constant" }, .. after]), weights, ScoringOutput.Logits);
        // The same operation, of rows that are each the constant.
        var asked = ScoringPlan.Compile(new GraphDescription(
            [input, new(GraphOperation.Reshape, "c", [0], [6]), .. after]), weights, ScoringOutput.Logits);
        float[] rows = [.. Enumerable.Repeat(constant, 70).SelectMany(row => row)];
        float[] wanted = new float[rows.Length], scores = new float[rows.Length];
        asked.Score(rows, wanted);
        for (int twice = 0; twice < 2; twice++)
        {
            known.Score(Numbers.Random(rows.Length, 3), scores);
            CollectionAssert.AreEqual(wanted, scores);
        }
        var probabilities = ScoringPlan.Compile(new GraphDescription(
            [input, new(GraphOperation.Constant, "c", [], [6]) { Weight = "constant" }]), weights);
        probabilities.Score(rows.AsSpan(0, 12), scores.AsSpan(0, 12));
        probabilities.Score(rows.AsSpan(0, 12), wanted.AsSpan(0, 12));
        CollectionAssert.AreEqual(scores[..12], wanted[..12]);
    }

    [TestMethod]
    [DataRow(GraphOperation.Convolution)]
    [DataRow(GraphOperation.MaxPool)]
    [DataRow(GraphOperation.BatchNorm)]
    [DataRow(GraphOperation.GroupNorm)]
    [DataRow(GraphOperation.Softmax)]
    [DataRow(GraphOperation.LayerNorm)]
    public void What_reads_a_constant_image_computes_the_same_for_each_row(GraphOperation operation)
    {
        int[] shape = [2, 4, 4];
        float[] constant = Numbers.Random(32, 1);
        var weights = new NetworkWeights();
        weights.Add("constant", constant, shape);
        weights.Add("weight", Numbers.Random(36, 2), 2, 2, 3, 3);
        weights.Add("mean", [0.1f, -0.2f], 2);
        weights.Add("variance", [1, 2], 2);
        bool norm = operation == GraphOperation.BatchNorm, slides = operation is GraphOperation.Convolution or GraphOperation.MaxPool;
        var reader = new GraphNode(operation, "reader", [1], shape)
        {
            Weight = operation == GraphOperation.Convolution ? "weight" : null,
            Mean = norm ? "mean" : null,
            Variance = norm ? "variance" : null,
            Window = slides ? new([3, 3], [1, 1], [1, 1], [1, 1]) : null,
            Axis = operation == GraphOperation.LayerNorm ? 2 : 0,
            Coefficient = slides ? 0 : 1e-5,
        };
        var input = new GraphNode(GraphOperation.Input, "input", [], shape);
        var known = ScoringPlan.Compile(new GraphDescription(
            [input, new(GraphOperation.Constant, "c", [], shape) { Weight = "constant" }, reader]), weights, ScoringOutput.Logits);
        var asked = ScoringPlan.Compile(new GraphDescription(
            [input, new(GraphOperation.Reshape, "c", [0], shape), reader]), weights, ScoringOutput.Logits);
        float[] rows = [.. Enumerable.Repeat(constant, 40).SelectMany(row => row)];
        float[] wanted = new float[rows.Length], scores = new float[rows.Length];
        asked.Score(rows, wanted);
        for (int twice = 0; twice < 2; twice++)
        {
            known.Score(Numbers.Random(rows.Length, 3), scores);
            CollectionAssert.AreEqual(wanted, scores);
        }
    }

    [TestMethod]
    public void Scoring_allocates_nothing_and_threads_give_the_same_bits()
    {
        var plan = ScoringPlan.Compile(Graph, Weights());
        float[] rows = Numbers.Random(70 * plan.InputWidth, 6), scores = new float[70 * 5];
        for (int i = 0; i < 3; i++)
            plan.Score(rows, scores);
        long before = GC.GetAllocatedBytesForCurrentThread();
        plan.Score(rows, scores);
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var again = new float[scores.Length];
            plan.Score(rows, again, threads: 1 + (i % 3));
            Assert.IsTrue(MemoryMarshal.AsBytes(again.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(scores.AsSpan())));
        });
    }

    [TestMethod]
    public void A_row_with_NaN_has_NaN_for_all_scores_and_no_other_row_has()
    {
        var plan = ScoringPlan.Compile(Graph, Weights());
        float[] rows = Numbers.Random(7 * plan.InputWidth, 6), clean = new float[7 * 5], scores = new float[7 * 5];
        plan.Score(rows, clean);
        rows[(3 * plan.InputWidth) + 20] = float.NaN;
        plan.Score(rows, scores);
        for (int i = 0; i < scores.Length; i++)
            Assert.AreEqual(i / 5 == 3 ? float.NaN : clean[i], scores[i], $"score {i}");
    }

    [TestMethod]
    public void A_graph_in_a_file_is_a_plan_with_the_same_bits()
    {
        var plan = Load(SavedGraph.Write(Graph));
        float[] rows = Numbers.Random(2 * plan.InputWidth, 8), wanted = new float[10], scores = new float[10];
        ScoringPlan.Compile(Graph, Weights()).Score(rows, wanted);
        plan.Score(rows, scores);
        CollectionAssert.AreEqual(wanted, scores);
        Assert.AreEqual("stem, wise, head", string.Join(", ", plan.Steps.Select(step => step.Layer)));
    }

    [TestMethod]
    [DataRow("{}", "version 0")]
    [DataRow("null", "null")]
    [DataRow("[1]", "'graph'")]
    [DataRow("{\"version\":2,\"nodes\":[]}", "version 2")]
    [DataRow("{\"version\":1}", "no list of nodes")]
    [DataRow("{\"version\":1,\"nodes\":[null]}", "null")]
    [DataRow("{\"version\":1,\"nodes\":[]}", "0 nodes")]
    [DataRow("{\"version\":1,\"nodes\":[{\"name\":\"x\",\"shape\":[3]}]}", "'x' has no operation")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Escape\",\"shape\":[3]}]}", "'graph'")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":99,\"shape\":[3]}]}", "no operation 99")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Relu\",\"inputs\":[0],\"shape\":[3]}]}", "the input is node 0")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Input\",\"shape\":[]}]}", "its shape is []")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Input\",\"shape\":[-3]}]}", "its shape is [-3]")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Input\",\"shape\":[2147483647,2147483647,2147483647,16]}]}", "its shape is [2147483647")]
    [DataRow("{\"version\":1,\"nodes\":[{\"op\":\"Input\",\"shape\":[99999999999]}]}", "'graph'")]
    public void A_graph_that_is_none_is_refused(string json, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Load(Encoding.UTF8.GetBytes(json))).Message, message);

    [TestMethod]
    public void A_graph_that_does_not_fit_together_is_refused_by_its_node()
    {
        Wrong(3, node => node with { Inputs = [3] }, "'relu' (Relu): it reads node 3");
        Wrong(3, node => node with { Inputs = [4] }, "it reads node 4");
        Wrong(3, node => node with { Inputs = [-1] }, "it reads node -1");
        Wrong(3, node => node with { Inputs = [int.MaxValue] }, "it reads node 2147483647");
        Wrong(3, node => node with { Inputs = [] }, "it reads 0 nodes");
        Wrong(3, node => node with { Shape = [6, 5, 5] }, "'relu' (Relu): its shape is [6, 5, 5]; it computes [6, 5, 4]");
        Wrong(3, node => node with { Weight = "stem.weight" }, "does not use");
        Wrong(1, node => node with { Window = null }, "'stem' (Convolution): it has no window");
        Wrong(1, node => node with { Window = Window(3, 0, 1) }, "wanted two numbers");
        Wrong(1, node => node with { Window = Window(int.MaxValue, 1, 1) }, "wanted two numbers");
        Wrong(1, node => node with { Window = new([3], [2], [1], [1]) }, "wanted two numbers");
        Wrong(1, node => node with { Window = Window(12, 1, 0) }, "does not fit into 9");
        Wrong(1, node => node with { Groups = 0 }, "0 groups");
        Wrong(1, node => node with { Weight = null }, "no weight");
        Wrong(1, node => node with { Weight = "no such" }, "'no such' are missing");
        Wrong(1, node => node with { Weight = "head.weight" }, "'head.weight' have the shape [5, 72]");
        Wrong(2, node => node with { Mean = null }, "a mean and a variance");
        Wrong(2, node => node with { Coefficient = -1 }, "epsilon");
        Wrong(6, node => node with { Operation = GraphOperation.TransposedConvolution, Weight = "wise.weight" }, "it has no window");
        Wrong(9, node => node with { Inputs = [6, 6, 8] }, "it reads 3 nodes");
        Wrong(9, node => node with { Inputs = [6, 0] }, "it multiplies");
        Wrong(10, node => node with { Axis = 3 }, "dimension 3");
        Wrong(10, node => node with { Inputs = [9, 0] }, "does not fit");
        Wrong(11, node => node with { Window = Window(3, 2, 2) }, "pads more than half");
        Wrong(12, node => node with { Shape = [71] }, "another number of values");
        Wrong(13, node => node with { Axis = -1 }, "dimension -1");
        Wrong(14, node => node with { Shape = [5, 1] }, "it reads [72]");
        Wrong(14, node => node with { Bias = "wise.bias" }, "'wise.bias' have the shape [6]");

        static void Wrong(int index, Func<GraphNode, GraphNode> change, string message)
        {
            var graph = new GraphDescription([.. Graph.Nodes.Select((node, i) => i == index ? change(node) : node)]);
            var failure = Assert.ThrowsExactly<InvalidDataException>(() => Load(SavedGraph.Write(graph)));
            StringAssert.Contains(failure.Message, "The model");
            StringAssert.Contains(failure.Message, message);
        }
    }

    [TestMethod]
    public void Sizes_that_no_memory_has_are_refused()
    {
        Refused("a thread would need", new(GraphOperation.Input, "x", [], [1 << 13, 1 << 7, 1 << 7]),
            new(GraphOperation.Convolution, "c", [0], [1, (1 << 7) + 8190, (1 << 7) + 8190])
            {
                Weight = "w",
                Window =
                new([1, 1], [1, 1], [4095, 4095], [1, 1])
            });
        Refused("at most 64", new(GraphOperation.Input, "x", [], [1, 1, 1]),
            new(GraphOperation.TransposedConvolution, "c", [0], [1, 1, 1])
            {
                Weight = "w",
                Window =
                new([1, 1], [4096, 4096], [0, 0], [1, 1])
            });
        Refused("no pixel", new(GraphOperation.Input, "x", [], [1, 1, 1]),
            new(GraphOperation.MaxPool, "p", [0], [1, 1, 1]) { Window = new([2, 2], [1, 1], [1, 1], [2, 2]) });
        // More lines than there are numbers.
        Refused("constants have", new(GraphOperation.Input, "x", [], [1]),
            new(GraphOperation.Constant, "a", [], [1 << 26]) { Weight = "w" }, new(GraphOperation.Constant, "b", [], [1]) { Weight = "w" });
        Refused("more numbers", new(GraphOperation.Input, "x", [], [1 << 27, 1]), new(GraphOperation.Relu, "r", [0], [1 << 27, 1]));

        static void Refused(string message, params GraphNode[] nodes)
        {
            var weights = new NetworkWeights();
            weights.Add("w", new float[1 << 13], 1, 1 << 13, 1, 1);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
                ScoringPlan.Compile(new GraphDescription(nodes), weights, ScoringOutput.Logits)).Message, message);
        }
    }

    [TestMethod]
    public void Graphs_with_random_changes_are_refused_or_scored_but_nothing_else()
    {
        string json = Encoding.UTF8.GetString(SavedGraph.Write(Graph));
        var random = new Random(11);
        int refused = 0;
        for (int i = 0; i < 400; i++)
        {
            char[] changed = json.ToCharArray();
            for (int c = random.Next(1, 4); c > 0; c--)
            {
                int at = random.Next(changed.Length);
                changed[at] = char.IsAsciiDigit(changed[at]) ? (char)('0' + random.Next(10)) : random.Next(4) == 0
                    ? (char)random.Next(32, 127) : changed[at];
            }
            try
            {
                var plan = Load(Encoding.UTF8.GetBytes(changed));
                plan.Score(new float[plan.InputWidth], new float[plan.OutputWidth]);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.IsGreaterThan(50, refused);
    }

    static ScoringPlan Load(byte[] json)
    {
        var archive = new Archive("model");
        archive.Add("blueprint", "{\"kind\":\"module\",\"name\":\"Mine\",\"shape\":[2,9,8]}"u8.ToArray());
        archive.Add("graph", json);
        var weights = Weights();
        foreach (string name in weights.Names)
        {
            var (values, shape) = weights.Find(name);
            using var blob = new MemoryStream();
            using (var writer = new BinaryWriter(blob, Encoding.UTF8, leaveOpen: true))
            {
                writer.Write(6);
                writer.Write(shape.Length);
                foreach (int size in shape)
                    writer.Write((long)size);
                writer.Write(MemoryMarshal.AsBytes(values.Span));
            }
            archive.Add($"tensor:{name}", blob.ToArray());
        }
        using var stream = new MemoryStream();
        archive.Write(stream);
        stream.Position = 0;
        return ScoringPlan.Load(stream);
    }
}

/// <summary>Convolution by its definition.</summary>
static class ReferenceGraph
{
    public static double[] Convolution(
        double[] x, int inputs, int height, int width, float[] weight, float[]? bias, int outputs, int kernel, int stride, int padding,
            int groups)
    {
        int tall = ((height + (2 * padding) - kernel) / stride) + 1, wide = ((width + (2 * padding) - kernel) / stride) + 1;
        int read = inputs / groups, written = outputs / groups;
        double[] y = new double[outputs * tall * wide];
        for (int i = 0; i < y.Length; i++)
        {
            int o = i / (tall * wide), oy = i / wide % tall, ox = i % wide;
            y[i] = bias?[o] ?? 0;
            for (int t = 0; t < read * kernel * kernel; t++)
            {
                int c = (o / written * read) + (t / (kernel * kernel)), iy = (oy * stride) - padding + (t / kernel % kernel), ix =
                    (ox * stride) - padding + (t % kernel);
                if (iy >= 0 && iy < height && ix >= 0 && ix < width)
                    y[i] += weight[(o * read * kernel * kernel) + t] * x[(((c * height) + iy) * width) + ix];
            }
        }
        return y;
    }
}
