namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The active weights of a layer for <see cref="ShuffleProduct{TVectors,TVector}"/>. Inputs are divided into windows from which a shuffle
/// can pick. In each window, the n-th active weights of a vector's outputs are adjacent, each with its input's place in the window.
/// Outputs with fewer weights are filled up with zeros: a slot is a weight or such a zero. The 2:4 pattern needs no filling.
/// </summary>
sealed unsafe class ShuffleMatrix
{
    readonly AlignedBuffer<float> values, bias;
    readonly AlignedBuffer<byte> places;
    readonly AlignedBuffer<int> starts;

    /// <param name="weights">[outputs x inputs]</param>
    /// <param name="outputBias">[outputs]</param>
    /// <param name="window">Inputs per window, at most 256.</param>
    public ShuffleMatrix(ReadOnlySpan<float> weights, ReadOnlySpan<float> outputBias, int lanes, int window)
    {
        (Outputs, Window) = (outputBias.Length, window);
        Inputs = weights.Length / Outputs;
        (Groups, Windows) = ((Outputs + lanes - 1) / lanes, (Inputs + window - 1) / window);
        long slots = CountSlots(weights, Outputs, lanes, window);
        (values, places, bias) = (new(slots), new(slots), new((long)Groups * lanes));
        starts = new(((long)Groups * Windows) + 1);
        outputBias.CopyTo(bias.Span);
        int at = 0, part = 0;
        for (int first = 0; first < Outputs; first += lanes)
        {
            for (int begin = 0; begin < Inputs; begin += window)
            {
                int end = Math.Min(Inputs, begin + window), longest = Longest(weights, Inputs, first, lanes, begin, end);
                for (int lane = 0; lane < Math.Min(lanes, Outputs - first); lane++)
                {
                    int slot = at + lane;
                    for (int input = begin; input < end; input++)
                    {
                        float weight = weights[((first + lane) * Inputs) + input];
                        if (weight == 0)
                            continue;
                        values.Pointer[slot] = weight;
                        places.Pointer[slot] = (byte)(input - begin);
                        slot += lanes;
                    }
                }
                at += longest * lanes;
                starts.Pointer[++part] = at;
            }
        }
    }

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>Inputs per window.</summary>
    public int Window { get; }

    public int Windows { get; }

    /// <summary>The number of vectors of outputs.</summary>
    public int Groups { get; }

    /// <summary>[groups][windows], and an end: the first slot of each.</summary>
    public int* Starts => starts.Pointer;

    /// <summary>[slot][lane]</summary>
    public float* Values => values.Pointer;

    /// <summary>[slot][lane]: the input's place in the window.</summary>
    public byte* Places => places.Pointer;

    public float* Bias => bias.Pointer;

    /// <summary>The number of slots.</summary>
    public static long CountSlots(ReadOnlySpan<float> weights, int outputs, int lanes, int window)
    {
        int inputs = weights.Length / outputs;
        long slots = 0;
        for (int first = 0; first < outputs; first += lanes)
        {
            for (int begin = 0; begin < inputs; begin += window)
                slots += (long)lanes * Longest(weights, inputs, first, lanes, begin, Math.Min(inputs, begin + window));
        }
        return slots;
    }

    /// <summary>The maximum number of active weights that an output of a vector has in a window.</summary>
    static int Longest(ReadOnlySpan<float> weights, int inputs, int first, int lanes, int begin, int end)
    {
        int longest = 0, outputs = weights.Length / inputs;
        for (int output = first; output < Math.Min(outputs, first + lanes); output++)
            longest = Math.Max(longest, end - begin - ZeroBlocks.CountZeros(weights.Slice((output * inputs) + begin, end - begin)));
        return longest;
    }
}
