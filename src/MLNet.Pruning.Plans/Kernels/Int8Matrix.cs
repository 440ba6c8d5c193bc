namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The weights of a layer as integers of 8 bits from -127 to 127. Each output has its own scale, by which its largest weight becomes 127.
/// Layout: panels of 16 outputs, in which four inputs of an output are adjacent: [panel][input / 4][output][input % 4].
/// </summary>
sealed unsafe class Int8Matrix
{
    public const int PanelWidth = 16;

    readonly AlignedBuffer<sbyte> values;
    readonly AlignedBuffer<int> starts;
    readonly AlignedBuffer<float> scales, bias;

    /// <param name="weights">[outputs x inputs], finite.</param>
    /// <param name="outputBias">[outputs]</param>
    public Int8Matrix(ReadOnlySpan<float> weights, ReadOnlySpan<float> outputBias)
    {
        Outputs = outputBias.Length;
        Inputs = weights.Length / Outputs;
        Steps = (Inputs + 3) / 4;
        Panels = (Outputs + PanelWidth - 1) / PanelWidth;
        int padded = Panels * PanelWidth;
        (values, starts, scales, bias) = (new((long)padded * Steps * 4), new(padded), new(padded), new(padded));
        outputBias.CopyTo(bias.Span);
        for (int o = 0; o < Outputs; o++)
        {
            var row = weights.Slice(o * Inputs, Inputs);
            float largest = 0;
            foreach (float weight in row)
                largest = Math.Max(largest, Math.Abs(weight));
            double factor = largest > 0 ? 127.0 / largest : 0;
            int sum = 0;
            for (int i = 0; i < Inputs; i++)
            {
                int value = (int)Math.Round(row[i] * factor);
                long four = (((((long)o / PanelWidth * Steps) + (i / 4)) * PanelWidth) + (o % PanelWidth)) * 4;
                values.Pointer[four + (i % 4)] = (sbyte)value;
                sum += value;
            }
            scales.Pointer[o] = largest / 127;
            // Inputs are stored with 128 added. The initial value of a sum corrects this.
            starts.Pointer[o] = -Int8Product.Zero * sum;
        }
    }

    public int Outputs { get; }

    public int Inputs { get; }

    /// <summary>Groups of four inputs.</summary>
    public int Steps { get; }

    public int Panels { get; }

    public sbyte* Values => values.Pointer;

    /// <summary>The initial value of each output's sum.</summary>
    public int* Starts => starts.Pointer;

    public float* Scales => scales.Pointer;

    public float* Bias => bias.Pointer;
}
