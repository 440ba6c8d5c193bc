using MLNet.Pruning.Plans;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Benchmarks;

/// <summary>A network in ONNX Runtime over buffers that are bound once.</summary>
sealed class OnnxPeer : IDisposable
{
    readonly InferenceSession session;
    readonly OrtIoBinding binding;
    readonly RunOptions options = new();
    readonly List<OrtValue> values = [];

    public OnnxPeer(InferenceSession session, Subject subject, float[] input, float[] scores, int rows)
    {
        this.session = session;
        binding = session.CreateIoBinding();
        if (subject.Description is VitDescription { Input: VitInput.Tokens } vit)
            BindTokens(vit, input, rows);
        else
            Bind("x", subject.Description is VitDescription pixels ? Cut(pixels, input, rows) : input, rows);
        var output = OrtValue.CreateTensorValueFromMemory(scores, [rows, scores.Length / rows]);
        values.Add(output);
        binding.BindOutput("scores", output);
    }

    public void Run() => session.RunWithBinding(options, binding);

    void Bind(string name, float[] input, int rows)
    {
        long[] shape = [rows, .. session.InputMetadata[name].Dimensions[1..].Select(d => (long)d)];
        var value = OrtValue.CreateTensorValueFromMemory(input, shape);
        values.Add(value);
        binding.BindInput(name, value);
    }

    /// <summary>ONNX Runtime gets patches, the plan pixels: cutting is part of what the plan is timed with.</summary>
    static float[] Cut(VitDescription vit, float[] input, int rows)
    {
        var (grid, patches) = (vit.Grid, new float[input.Length]);
        for (int row = 0; row < rows; row++)
            grid.Cut(input.AsSpan(row * grid.ImageValues, grid.ImageValues), patches.AsSpan(row * grid.ImageValues, grid.ImageValues));
        return patches;
    }

    void BindTokens(VitDescription vit, float[] input, int rows)
    {
        int tokens = vit.Tokens, patches = vit.Grid.Count, width = vit.Grid.TokenWidth;
        float[] x = new float[rows * tokens * width], shares = new float[rows * tokens * patches], sizes = new float[rows * tokens];
        for (int row = 0; row < rows; row++)
        {
            var from = input.AsSpan(row * vit.InputWidth, vit.InputWidth);
            from[..(tokens * width)].CopyTo(x.AsSpan(row * tokens * width));
            from.Slice(tokens * width, tokens).CopyTo(sizes.AsSpan(row * tokens));
            for (int n = 0; n < patches; n++)
            {
                int token = (int)from[(tokens * (width + 1)) + n];
                shares[(((row * tokens) + token) * patches) + n] = 1 / sizes[(row * tokens) + token];
            }
        }
        Bind("x", x, rows);
        Bind("shares", shares, rows);
        Bind("sizes", sizes, rows);
    }

    public void Dispose()
    {
        foreach (var value in values)
            value.Dispose();
        binding.Dispose();
        options.Dispose();
    }
}
