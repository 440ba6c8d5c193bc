namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The active weights of a layer for <see cref="ShuffleProduct{TVectors,TVector}"/>: the inputs are divided into windows that a shuffle
/// can
/// pick from, and in each window the n-th active weights of a vector's outputs stand side by side, each with the place of its input in the
/// window. Outputs with fewer are filled up with zeros: a slot is a weight or such a zero. Of the pattern 2:4 nothing is filled up.
/// </summary>
sealed unsafe class ShuffleMatrix
{
    readonly AlignedBuffer<float> values, bias;
    readonly AlignedBuffer<byte> places;
    readonly AlignedBuffer<int> starts;

    /// <param name="weights">[outputs x inputs]</param>
    /// <param name="outputBias">[outputs]</param>
    /// <param name="window">Inputs of a window, at most 256.</param>
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

    /// <summary>Inputs of a window.</summary>
    public int Window { get; }

    public int Windows { get; }

    /// <summary>Vectors of outputs.</summary>
    public int Groups { get; }

    /// <summary>[groups][windows], and an end: where the slots of each begin.</summary>
    public int* Starts => starts.Pointer;

    /// <summary>[slot][lane]</summary>
    public float* Values => values.Pointer;

    /// <summary>[slot][lane]: inputs from the start of the window.</summary>
    public byte* Places => places.Pointer;

    public float* Bias => bias.Pointer;

    /// <summary>How many slots there are.</summary>
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

    /// <summary>The most active weights that an output of a vector has in a window.</summary>
    static int Longest(ReadOnlySpan<float> weights, int inputs, int first, int lanes, int begin, int end)
    {
        int longest = 0, outputs = weights.Length / inputs;
        for (int output = first; output < Math.Min(outputs, first + lanes); output++)
            longest = Math.Max(longest, end - begin - weights.Slice((output * inputs) + begin, end - begin).Count(0f));
        return longest;
    }
}
