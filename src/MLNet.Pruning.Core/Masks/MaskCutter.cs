namespace MLNet.Pruning.Masks;

/// <summary>What a cut did to one parameter, in weights.</summary>
sealed record LayerChange(string Name, int Count, int Before, int After, int Reactivated);

/// <summary>Cuts the masks of a run anew: shares out what is off among the layers, and has the rule choose.</summary>
sealed class MaskCutter(WeightPruning settings, MaskedWeights masked)
{
    // Kept for the next time, where all layers are ranked together.
    float[] weights = [], gradients = [];
    sbyte[] on = [];

    /// <summary>Cuts all masks.</summary>
    /// <param name="sparsity">The fraction that is to be off.</param>
    /// <param name="progress">From 0 at the beginning of the run to 1 at the last cut.</param>
    /// <param name="allGradients">Of the flat vector; empty where there are none.</param>
    /// <param name="byLayer">The fraction of each layer that is to be off; null where the layers share.</param>
    public IReadOnlyList<LayerChange> Cut(double sparsity, double progress, float[] allGradients, IReadOnlyList<double>? byLayer = null)
    {
        var layers = masked.Layers;
        var ranges = Enumerable.Range(0, layers.Count).Select(masked.RangeOf).ToArray();
        return Watch((all, bits) =>
        {
            var together = settings.Distribution == MaskDistribution.Global && layers.Count > 1;
            if (together)
                Together(all, bits, ranges, sparsity, progress, allGradients);
            else
                Apart(all, bits, ranges, sparsity, progress, allGradients, byLayer);
        });
    }

    /// <summary>Lays given masks over the weights.</summary>
    public IReadOnlyList<LayerChange> Set(WeightMasks masks) => Watch((_, bits) =>
    {
        for (var l = 0; l < masked.Layers.Count; l++)
            MaskedWeights.Bits(masks[masked.Layers[l].Name], bits[masked.RangeOf(l)]);
    });

    void Apart(Span<float> all, Span<sbyte> bits, Range[] ranges, double sparsity, double progress, float[] allGradients,
        IReadOnlyList<double>? byLayer)
    {
        var shapes = masked.Layers.Select(l => l.Parameter.shape).ToArray();
        var keep = settings.Distribution == MaskDistribution.ErdosRenyiKernel ? Densities.ErdosRenyiKernel(sparsity, shapes) : null;
        for (var l = 0; l < ranges.Length; l++)
        {
            var some = all[ranges[l]];
            settings.Rule.Cut(new MaskCut
            {
                Weights = some,
                Gradients = allGradients.Length == 0 ? [] : allGradients.AsSpan(ranges[l]),
                On = bits[ranges[l]],
                Keep = keep?[l] ?? Densities.On(byLayer?[l] ?? sparsity, some.Length),
                Progress = progress,
                Reactivation = settings.Reactivation,
                Criterion = settings.Criterion,
                Shape = shapes[l],
                Axis = masked.Layers[l].Axis,
            });
        }
    }

    void Together(Span<float> all, Span<sbyte> bits, Range[] ranges, double sparsity, double progress, float[] allGradients)
    {
        var count = ranges.Sum(r => r.End.Value - r.Start.Value);
        if (weights.Length != count)
            (weights, on) = (new float[count], new sbyte[count]);
        var learnt = allGradients.Length == 0 ? 0 : count;
        if (gradients.Length != learnt)
            gradients = new float[learnt];
        var at = 0;
        foreach (var range in ranges)
        {
            var length = range.End.Value - range.Start.Value;
            all[range].CopyTo(weights.AsSpan(at));
            bits[range].CopyTo(on.AsSpan(at));
            if (learnt > 0)
                allGradients.AsSpan(range).CopyTo(gradients.AsSpan(at));
            at += length;
        }
        settings.Rule.Cut(new MaskCut
        {
            Weights = weights,
            Gradients = gradients,
            On = on,
            Keep = Densities.On(sparsity, count),
            Progress = progress,
            Reactivation = settings.Reactivation,
            Criterion = settings.Criterion,
            Shape = [],
        });
        at = 0;
        foreach (var range in ranges)
        {
            var length = range.End.Value - range.Start.Value;
            weights.AsSpan(at, length).CopyTo(all[range]);
            on.AsSpan(at, length).CopyTo(bits[range]);
            at += length;
        }
    }

    LayerChange[] Watch(MaskedWeights.ChangeMasks change)
    {
        LayerChange[] changes = [];
        masked.Change((all, bits) =>
        {
            var before = bits.ToArray();
            change(all, bits);
            changes = new LayerChange[masked.Layers.Count];
            for (var l = 0; l < changes.Length; l++)
            {
                var range = masked.RangeOf(l);
                var (then, active, back) = MaskKernels.Count(before.AsSpan(range), bits[range]);
                changes[l] = new(masked.Layers[l].Name, bits[range].Length, then, active, back);
            }
        });
        return changes;
    }
}
