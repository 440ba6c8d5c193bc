namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The active weights of a layer, by output. Outputs with similar numbers of weights form groups of eight, and shorter ones are filled up
/// with zeros. So the processor predicts the end of the kernel's inner loop nearly always, and eight sums are computed side by side.
/// </summary>
sealed unsafe class SparseMatrix
{
    /// <summary>Outputs per group.</summary>
    public const int Group = 8;

    readonly AlignedBuffer<float> values, bias;
    readonly AlignedBuffer<int>[] places;
    readonly AlignedBuffer<int> starts, outputs;

    /// <param name="weights">[outputs x inputs]</param>
    /// <param name="outputBias">[outputs]</param>
    /// <param name="scales">For each layout of the inputs, the place of each input. A matrix has one set of places per layout.</param>
    public SparseMatrix(ReadOnlySpan<float> weights, ReadOnlySpan<float> outputBias, params ReadOnlySpan<Func<int, int>> scales)
    {
        Outputs = outputBias.Length;
        Inputs = weights.Length / Outputs;
        var lists = new List<int>[Outputs];
        for (int o = 0; o < Outputs; o++)
        {
            lists[o] = [];
            for (int i = 0; i < Inputs; i++)
            {
                if (weights[(o * Inputs) + i] != 0)
                    lists[o].Add(i);
            }
            Active += lists[o].Count;
        }
        int[] order = [.. Enumerable.Range(0, Outputs).OrderBy(o => lists[o].Count)];
        Groups = (Outputs + Group - 1) / Group;
        (starts, outputs, bias) = (new(Groups + 1), new(Groups * Group), new(Groups * Group));
        for (int g = 0; g < Groups; g++)
            starts.Pointer[g + 1] = starts.Pointer[g] + (Group * lists[order[Math.Min(Outputs, (g + 1) * Group) - 1]].Count);
        values = new(starts.Pointer[Groups]);
        places = new AlignedBuffer<int>[scales.Length];
        for (int s = 0; s < scales.Length; s++)
            places[s] = new(values.Length);
        for (int slot = 0; slot < Groups * Group; slot++)
        {
            // The last group is filled up with its last output, which is not stored again.
            int output = order[Math.Min(slot, Outputs - 1)], start = starts.Pointer[slot / Group];
            outputs.Pointer[slot] = output;
            bias.Pointer[slot] = outputBias[output];
            var list = lists[output];
            int length = (starts.Pointer[(slot / Group) + 1] - start) / Group;
            for (int k = 0; k < length; k++)
            {
                // A filling zero refers to an input that the output reads anyway, so that a NaN in other inputs does not reach it.
                int input = list.Count == 0 ? 0 : list[Math.Min(k, list.Count - 1)], at = start + (k * Group) + (slot % Group);
                values.Pointer[at] = k < list.Count ? weights[(output * Inputs) + input] : 0;
                for (int s = 0; s < scales.Length; s++)
                    places[s].Pointer[at] = scales[s](input);
            }
        }
    }

    /// <summary>What a product over lanes in one of the layouts reads.</summary>
    public SparseArguments Arguments(int scale) => new()
    {
        Outputs = Outputs,
        Starts = Starts,
        Order = Order,
        Places = Places(scale),
        Values = Values,
        Bias = Bias,
    };

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>The number of weights that are not zero.</summary>
    public int Active { get; }

    public int Groups { get; }

    /// <summary>The start of each group among the weights, and the end of the last: [k][output of the group].</summary>
    public int* Starts => starts.Pointer;

    public float* Values => values.Pointer;

    /// <summary>For each weight, the place of its input in one of the layouts.</summary>
    public int* Places(int scale) => places[scale].Pointer;

    /// <summary>The outputs in the order of the groups.</summary>
    public int* Order => outputs.Pointer;

    /// <summary>The bias in the order of the groups.</summary>
    public float* Bias => bias.Pointer;
}
