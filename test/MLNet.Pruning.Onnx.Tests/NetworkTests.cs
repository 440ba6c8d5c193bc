using System.ComponentModel;
using System.Diagnostics;
using Google.Protobuf;
using MLNet.Pruning.Onnx.Format;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Tests;
using MLNet.Pruning.Tests;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Onnx.Tests;

/// <summary>ONNX Runtime on exported files, beside our own scores.</summary>
[TestClass]
public sealed class NetworkTests
{
    static IEnumerable<object[]> Networks => Samples.Networks.Select((_, i) => new object[] { i });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void ONNX_Runtime_scores_as_the_plan_does(int number)
    {
        var network = Samples.Networks[number];
        var weights = Samples.Weights(network, density: 0.3);
        foreach (int rows in (int[])[1, 1_000])
            Assert.IsLessThan(1e-5, Difference(network, weights, rows), $"{network}, {rows} rows");
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void ONNX_Runtime_loads_and_scores_without_a_warning(int number)
    {
        var network = Samples.Networks[number];
        foreach (var precision in Enum.GetValues<OnnxWeights>())
        {
            RuntimeLog.Lines.Clear();
            Run(Export(network, Samples.Weights(network, density: 0.3), new() { Weights = precision }), Samples.Rows(network, 3), 3);
            Assert.IsEmpty(RuntimeLog.Lines, $"{network}, {precision}: {string.Join(Environment.NewLine, RuntimeLog.Lines)}");
        }
    }

    [TestMethod]
    public void A_weight_that_no_node_reads_would_be_a_warning()
    {
        var model = ModelProto.Parser.ParseFrom(Export(Samples.Networks[0], Samples.Weights(Samples.Networks[0], 1)));
        var unread = model.Graph.Initializer[0].Clone();
        unread.Name = "unread";
        model.Graph.Initializer.Add(unread);
        RuntimeLog.Lines.Clear();
        Run(model.ToByteArray(), Samples.Rows(Samples.Networks[0], 1), 1);
        StringAssert.Contains(Assert.ContainsSingle(RuntimeLog.Lines), "unread");
    }

    [TestMethod]
    [TestCategory("Slow")]
    public void An_autoencoder_of_85_million_weights_is_written_in_little_more_than_twice_its_memory()
    {
        var network = new VaeDescription([3, 64, 64], [32, 64], [2048, 2048, 2048], 128);
        var weights = Samples.Weights(network, density: 1);
        double bytes = weights.Names.Sum(name => (long)weights.Find(name).Values.Length) * sizeof(float);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        var began = Stopwatch.StartNew();
        OnnxFile.Write(Stream.Null, network, weights);
        double allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Console.WriteLine($"{bytes / 4e6:F1} million weights, {began.Elapsed.TotalSeconds:F2} s, {allocated / bytes:F2} times their memory");
        Assert.IsLessThan(2.2, allocated / bytes);
    }

    [TestMethod]
    public void A_file_is_little_more_than_its_weights()
    {
        var network = new FeedForwardDescription([784, 512, 256, 10]);
        var weights = Samples.Weights(network, density: 1);
        double numbers = weights.Names.Sum(name => (long)weights.Find(name).Values.Length) * sizeof(float);
        Assert.IsLessThan(1.02, Export(network, weights).Length / numbers);
        Assert.IsLessThan(0.52, Export(network, weights, new() { Weights = OnnxWeights.Float16 }).Length / numbers);
        Assert.IsLessThan(0.27, Export(network, weights, new() { Weights = OnnxWeights.Int8 }).Length / numbers);
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void Fewer_bits_give_nearly_the_same_scores(int number)
    {
        var network = Samples.Networks[number];
        var weights = Samples.Weights(network, density: 1);
        Assert.IsLessThan(0.02, Difference(network, weights, 20, new() { Weights = OnnxWeights.Float16 }));
        Assert.IsLessThan(0.25, Difference(network, weights, 20, new() { Weights = OnnxWeights.Int8 }));
    }

    [TestMethod]
    public void The_formats_own_checker_finds_nothing()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < Samples.Networks.Count; i++)
        {
            foreach (var precision in Enum.GetValues<OnnxWeights>())
                File.WriteAllBytes(folder[$"{i}-{precision}.onnx"], Export(Samples.Networks[i], Samples.Weights(Samples.Networks[i], 0.5), new() { Weights = precision }));
        }
        const string Script = "import sys, glob, onnx\nfor f in glob.glob(sys.argv[1] + '/*.onnx'): onnx.checker.check_model(onnx.load(f), full_check=True)\nprint('checked')";
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", ["-c", Script, folder[""]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process python;
        try
        {
            python = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Inconclusive("There is no python3 here to check with.");
            return;
        }
        using (python)
        {
            var error = python.StandardError.ReadToEndAsync();
            string output = python.StandardOutput.ReadToEnd();
            python.WaitForExit();
            if (error.Result.Contains("No module named", StringComparison.Ordinal))
                Assert.Inconclusive("There is no onnx (python3-onnx) here to check with.");
            Assert.AreEqual("checked", output.Trim(), error.Result);
        }
    }

    [TestMethod]
    public void An_autoencoders_halves_give_together_what_the_whole_does()
    {
        var network = (VaeDescription)Samples.Networks[^2];
        var weights = Samples.Weights(network, density: 1);
        float[] rows = Samples.Rows(network, 5);
        var whole = Run(Export(network, weights), rows, 5);
        var encoded = Run(Export(network, weights, new() { Part = OnnxPart.Encoder }), rows, 5);
        CollectionAssert.AreEqual(new[] { "Latent" }, encoded.Keys.ToArray());
        var decoded = Run(Export(network, weights, new() { Part = OnnxPart.Decoder }), encoded["Latent"], 5);
        CollectionAssert.AreEqual(whole["Reconstruction"], decoded["Reconstruction"]);
    }

    [TestMethod]
    public void A_wrong_wish_is_refused_by_name()
    {
        var network = Samples.Networks[0];
        var weights = Samples.Weights(network, 1);
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Export(network, weights, new() { Part = OnnxPart.Encoder })).Message, "Part is Encoder");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Export(network, weights, new() { Weights = (OnnxWeights)9 })).Message, "Weights is 9");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Export(network, new NetworkWeights())).Message, "layers.linear1.weight");
    }

    static byte[] Export(NetworkDescription network, NetworkWeights weights, OnnxOptions? options = null)
    {
        using var stream = new MemoryStream();
        OnnxFile.Write(stream, network, weights, options);
        return stream.ToArray();
    }

    static Dictionary<string, float[]> Run(byte[] file, float[] values, int rows)
    {
        using var session = new InferenceSession(file);
        using var input = OrtValue.CreateTensorValueFromMemory(values, [rows, values.Length / rows]);
        using var options = new RunOptions();
        string[] names = [.. session.OutputNames.Where(name => name != "PredictedLabel")];
        using var results = session.Run(options, [session.InputNames[0]], [input], names);
        return names.Zip(results).ToDictionary(pair => pair.First, pair => pair.Second.GetTensorDataAsSpan<float>().ToArray());
    }

    static double Difference(NetworkDescription network, NetworkWeights weights, int rows, OnnxOptions? options = null)
    {
        var plan = ScoringPlan.Compile(network, weights);
        float[] values = Samples.Rows(network, rows), scores = new float[rows * plan.OutputWidth];
        plan.Score(values, scores);
        var found = Run(Export(network, weights, options), values, rows);
        string[] order = network is VaeDescription ? ["Latent", "Reconstruction", "Loss"] : ["Score"];
        double largest = 0;
        int at = 0;
        foreach (string name in order)
        {
            int width = found[name].Length / rows;
            for (int row = 0; row < rows; row++)
                for (int i = 0; i < width; i++)
                {
                    double expected = scores[(row * plan.OutputWidth) + at + i];
                    largest = Math.Max(largest, Math.Abs(expected - found[name][(row * width) + i]) / Math.Max(1, Math.Abs(expected)));
                }
            at += width;
        }
        Assert.AreEqual(plan.OutputWidth, at);
        return largest;
    }
}
