using System.Text.Json;
using MLNet.Pruning.Tests.Training;
using MLNet.Pruning.Tokens;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

/// <summary>What PyTorch makes of a vision transformer's weights.</summary>
static class VitPeer
{
    public const double Rate = 0.002;

    public sealed record Answer(double Loss, float[] Logits, Dictionary<string, float[]> Gradients, double[] Losses, float[] Trained);

    /// <summary>Asks for one batch of all rows, and then some steps of AdamW on batches in order.</summary>
    public static Answer Ask(Vit model, VitBlueprint blueprint, Rows rows, int count, int batch, int steps, bool exact = false)
    {
        var patches = blueprint.Grid.Count;
        var left = patches - MergeAmount.Of(blueprint.Merge, patches);
        var layerMerges = new List<int>();
        foreach (var merge in blueprint.LayerMerges ?? [.. Enumerable.Repeat(0.0, blueprint.Depth)])
        {
            layerMerges.Add(MergeAmount.Of(merge, left));
            left -= layerMerges[^1];
        }
        var job = JsonSerializer.Serialize(new
        {
            blueprint.Image,
            blueprint.PatchSize,
            blueprint.HeadSize,
            Activation = blueprint.Activation.ToString(),
            Merge = MergeAmount.Of(blueprint.Merge, patches),
            LayerMerges = layerMerges,
            Parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().data<float>().ToArray()),
            Shapes = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape),
            X = Peer.Flat(rows, count),
            Y = Enumerable.Range(0, count).Select(rows.Label),
            Rate,
            Batch = batch,
            Steps = steps,
            Exact = exact,
        }, JsonSerializerOptions.Web);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, job);
            return Python.Json<Answer>("vit.py", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static void AreClose(float[] expected, float[] actual, string name, double tolerance)
    {
        Assert.HasCount(expected.Length, actual, name);
        var scale = Math.Max(1e-3, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], tolerance * scale, $"{name}[{i}]");
    }

    /// <summary>What MergeTokens' three columns hold, side by side.</summary>
    public static Tensor Columns(float[] rows, PatchGrid grid, int merge)
    {
        var images = rows.Length / grid.ImageValues;
        var plan = new TokenMerging(grid, merge);
        var (merged, sizes, sources) = (new float[images * plan.Survivors * plan.Width], new float[images * plan.Survivors], new int[images * plan.Tokens]);
        plan.Merge(rows, merged, sizes, sources);
        return cat([tensor(merged).view(images, -1), tensor(sizes).view(images, -1), tensor(Array.ConvertAll(sources, s => (float)s)).view(images, -1)], 1);
    }
}
