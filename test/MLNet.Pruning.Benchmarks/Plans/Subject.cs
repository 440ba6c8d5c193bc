using System.Diagnostics;
using System.Text;
using MLNet.Pruning.Plans;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Benchmarks;

/// <summary>A network as a plan and as an ONNX model, with the same weights.</summary>
sealed class Subject(string name, NetworkDescription description)
{
    static readonly string Folder = Path.Combine(Path.GetTempPath(), "mlnet-pruning-plans-models");

    public string Name => name;

    public NetworkDescription Description => description;

    /// <summary>Has the script write all models, once.</summary>
    public static void WriteModels()
    {
        Directory.CreateDirectory(Folder);
        string script = Path.Combine(AppContext.BaseDirectory, "peers", "models.py"), stamp = Path.Combine(Folder, "written");
        if (File.Exists(stamp) && File.GetLastWriteTimeUtc(stamp) > File.GetLastWriteTimeUtc(script))
            return;
        using var python = Process.Start(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [script, Folder]);
        python.WaitForExit();
        if (python.ExitCode != 0)
            throw new InvalidOperationException("The models could not be written; the script needs python3-onnx and python3-numpy.");
        File.WriteAllText(stamp, "");
    }

    public NetworkWeights Weights()
    {
        var weights = new NetworkWeights();
        using var reader = new BinaryReader(File.OpenRead(Path.Combine(Folder, $"{name}.weights")));
        for (int count = reader.ReadInt32(); count > 0; count--)
        {
            string array = Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32()));
            int[] shape = new int[reader.ReadInt32()];
            for (int i = 0; i < shape.Length; i++)
                shape[i] = reader.ReadInt32();
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            reader.BaseStream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            weights.Add(array, values, shape);
        }
        return weights;
    }

    public ScoringPlan Plan() => Plan(description);

    /// <summary>Of a network that reads merged tokens: a plan that reads images and merges them itself.</summary>
    public ScoringPlan MergingPlan() => Plan(description is VitDescription vit ? vit with { Input = VitInput.Pixels } : description);

    ScoringPlan Plan(NetworkDescription read) =>
        ScoringPlan.Compile(read, Weights(), name == "wide" ? ScoringOutput.Logits : ScoringOutput.Probabilities);

    /// <summary>Threads that wait do not spin: they would take the time that the plan is measured in.</summary>
    public InferenceSession Session(int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new(Path.Combine(Folder, $"{name}.onnx"), options);
    }
}
