namespace MLNet.Pruning.Onnx;

/// <summary>Weights in 8 bits, with a scale for each output of their layer.</summary>
static class ChannelScales
{
    /// <param name="values">The weights.</param>
    /// <param name="shape">Their dimensions.</param>
    /// <param name="axis">The dimension of the outputs.</param>
    /// <returns>-127 to 127, and what each output's are to be multiplied with. Zero stays zero.</returns>
    public static (sbyte[] Integers, float[] Scales) Quantize(float[] values, long[] shape, int axis)
    {
        long inner = 1;
        for (int i = axis + 1; i < shape.Length; i++)
            inner *= shape[i];
        var (integers, scales) = (new sbyte[values.Length], new float[shape[axis]]);
        for (long i = 0; i < values.LongLength; i++)
        {
            ref float scale = ref scales[i / inner % scales.Length];
            scale = Math.Max(scale, Math.Abs(values[i]));
        }
        for (int i = 0; i < scales.Length; i++)
            scales[i] = scales[i] > 0 ? scales[i] / 127 : 1;
        for (long i = 0; i < values.LongLength; i++)
            integers[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[i / inner % scales.Length]), -127, 127);
        return (integers, scales);
    }
}
