using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Tool;

/// <summary>An exported pipeline in ONNX Runtime, from images to labels: one image on one thread, batches on all cores.</summary>
internal sealed class OnnxPeer : IDisposable
{
    const int Batch = 256;

    readonly InferenceSession one, all;
    readonly float[][] images;
    readonly (float[] Values, int Rows)[] batches;
    readonly string input;

    OnnxPeer(string file, float[][] images)
    {
        this.images = images;
        batches = [.. images.Chunk(Batch).Select(batch => (batch.SelectMany(image => image).ToArray(), batch.Length))];
        one = Session(file, 1);
        all = Session(file, Environment.ProcessorCount);
        input = one.InputNames[0];
    }

    /// <summary>Loads the file; null if the program has no ONNX Runtime for this machine.</summary>
    internal static OnnxPeer? Of(string file, float[][] images)
    {
        try
        {
            return new(file, images);
        }
        catch (Exception failure) when (failure is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    internal void ScoreAll()
    {
        foreach (var (values, rows) in batches)
            Run(all, values, rows);
    }

    internal void ScoreOne(int image) => Run(one, images[image % images.Length], 1);

    void Run(InferenceSession session, float[] values, int rows)
    {
        using var options = new RunOptions();
        using var tensor = OrtValue.CreateTensorValueFromMemory(values, [rows, values.Length / rows]);
        using var results = session.Run(options, [input], [tensor], ["Score", "PredictedLabel"]);
    }

    /// <summary>Waiting threads must not spin: they would take processor time from the other measurements.</summary>
    static InferenceSession Session(string file, int threads)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new(file, options);
    }

    public void Dispose()
    {
        one.Dispose();
        all.Dispose();
    }
}
