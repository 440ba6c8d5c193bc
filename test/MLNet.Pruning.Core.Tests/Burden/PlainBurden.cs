using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Burden;

/// <summary>What the monitor should find, by loops in double over whole tensors: at each step a mean over active weights, then a mean over steps.</summary>
sealed class PlainBurden(int interval, params string[] names) : ITrainingHook
{
    readonly Dictionary<string, List<double[]>> gradients = names.ToDictionary(n => n, _ => new List<double[]>()), weights = names.ToDictionary(n => n, _ => new List<double[]>());

    public Dictionary<string, List<(double[] Gradients, double[] Weights)>> Windows { get; } = names.ToDictionary(n => n, _ => new List<(double[], double[])>());

    public Dictionary<string, List<(double[] Gradients, double[] Weights)>> Epochs { get; } = names.ToDictionary(n => n, _ => new List<(double[], double[])>());

    public void AfterBackward(TrainingRun run)
    {
        using var scope = NewDisposeScope();
        foreach (var name in names)
        {
            var parameter = run.Model.get_parameter(name)!;
            // A transposed convolution counts its outputs second.
            var second = name.StartsWith("up.", StringComparison.Ordinal);
            var (g, w) = (Rows(((Parameter)parameter).grad!, second), Rows(parameter.detach(), second));
            var mask = run.Masks?.Masks.FirstOrDefault(m => m.Name == name);
            var on = mask is null ? null : Rows(tensor(Array.ConvertAll(mask.Active.ToArray(), bit => bit ? 1f : 0f), [.. mask.Shape]), second);
            gradients[name].Add(Means(g, on));
            weights[name].Add(Means(w, on));
        }
    }

    static float[][] Rows(Tensor values, bool second)
    {
        var rows = second ? values.transpose(0, 1) : values;
        var flat = rows.reshape(rows.shape[0], -1).contiguous().data<float>().ToArray();
        return [.. flat.Chunk(flat.Length / (int)rows.shape[0])];
    }

    static double[] Means(float[][] rows, float[][]? on) =>
        [.. rows.Select((row, r) => row.Where((_, i) => on is null || on[r][i] != 0).Select(value => Math.Abs((double)value)).DefaultIfEmpty(double.NaN).Average())];

    public void AfterStep(TrainingRun run)
    {
        if (run.Step % interval == 0)
            foreach (var name in names)
                Windows[name].Add((Mean(gradients[name].TakeLast(interval)), Mean(weights[name].TakeLast(interval))));
    }

    public void AfterEpoch(TrainingRun run)
    {
        foreach (var name in names)
            Epochs[name].Add((Mean(gradients[name]), Mean(weights[name])));
    }

    static double[] Mean(IEnumerable<double[]> steps)
    {
        var all = steps.ToArray();
        return [.. Enumerable.Range(0, all[0].Length).Select(row => all.Select(step => step[row]).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average())];
    }
}
