using static TorchSharp.torch;

namespace MLNet.Pruning.Comparators;

/// <summary>
/// Keeps pruned weights at zero while the others are trained: they get no gradient, so that no average of it moves them, and are reset
/// after each step.
/// </summary>
sealed class ZerosStay(IReadOnlyDictionary<string, bool[]> left) : ITrainingHook
{
    readonly List<(Tensor Weight, Tensor Gone)> masks = [];

    public void Started(TrainingRun run)
    {
        foreach (var (name, weight) in run.Model.named_parameters())
            if (left.TryGetValue(name, out var stays))
                masks.Add((weight, tensor(Array.ConvertAll(stays, stay => !stay), weight.shape,
                    device: weight.device).DetachFromDisposeScope()));
    }

    public void AfterBackward(TrainingRun run)
    {
        using var noGrad = no_grad();
        foreach (var (weight, gone) in masks)
            weight.grad?.masked_fill_(gone, Scalars.Zero);
    }

    public void AfterStep(TrainingRun run)
    {
        using var noGrad = no_grad();
        foreach (var (weight, gone) in masks)
            weight.masked_fill_(gone, Scalars.Zero);
    }

    public void Ended(TrainingRun run)
    {
        foreach (var (_, gone) in masks)
            gone.Dispose();
        masks.Clear();
    }
}

/// <summary>
/// Trains shared values: every weight gets the summed gradient of all weights with the same value, so that any optimizer moves them alike.
/// After each step they are made equal again bit for bit.
/// </summary>
sealed class ValuesAreShared(IReadOnlyList<SharedWeights> shared) : ITrainingHook
{
    readonly List<(Tensor Weight, Tensor Codes, Tensor First, long Values)> layers = [];

    public void Started(TrainingRun run)
    {
        var parameters = run.Model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var weights in shared.Where(w => w.Values.Count > 0))
        {
            var weight = parameters[weights.Name];
            // Zeros are a value of their own, the last one, which does not change.
            long zero = weights.Values.Count;
            var first = new long[zero];
            for (var i = weights.Codes.Count - 1; i >= 0; i--)
                if (weights.Codes[i] >= 0)
                    first[weights.Codes[i]] = i;
            var codes = weights.Codes.Select(code => code < 0 ? zero : code).ToArray();
            layers.Add((weight, tensor(codes, device: weight.device).DetachFromDisposeScope(),
                tensor(first, device: weight.device).DetachFromDisposeScope(), zero));
        }
    }

    public void AfterBackward(TrainingRun run)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (weight, codes, _, values) in layers)
        {
            if (weight.grad is not { } gradient)
                continue;
            var sums = zeros(values + 1, device: weight.device);
            sums.index_add_(0, codes, gradient.reshape(-1), Scalars.One);
            sums.narrow(0, values, 1).zero_();
            gradient.copy_(sums.index_select(0, codes).view(weight.shape));
        }
    }

    public void AfterStep(TrainingRun run)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (weight, codes, first, _) in layers)
        {
            var present = cat([weight.reshape(-1).index_select(0, first), zeros(1, device: weight.device)]);
            weight.copy_(present.index_select(0, codes).view(weight.shape));
        }
    }

    public void Ended(TrainingRun run)
    {
        foreach (var (_, codes, first, _) in layers)
        {
            codes.Dispose();
            first.Dispose();
        }
        layers.Clear();
    }
}
