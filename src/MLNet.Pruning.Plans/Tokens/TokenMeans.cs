using System.Numerics;
using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Tokens;

/// <summary>Size-weighted means of the tokens of each survivor.</summary>
static unsafe class TokenMeans
{
    /// <param name="values">[N x D]</param>
    /// <param name="weights">[N] sizes; null if all are 1.</param>
    /// <param name="sources">[N]: the survivor of each token.</param>
    /// <param name="count">N.</param>
    /// <param name="width">D.</param>
    /// <param name="means">[K x D]; written.</param>
    /// <param name="sizes">[K]; written: the sum of the weights.</param>
    /// <param name="survivors">K.</param>
    /// <param name="members">[K]; written: the number of tokens of each survivor. Needed only if there are weights.</param>
    public static void Merge(float* values, float* weights, int* sources, int count, int width, float* means, float* sizes,
        int survivors, int* members)
    {
        new Span<float>(sizes, survivors).Fill(-1);
        for (int i = 0; i < count; i++)
        {
            float weight = weights == null ? 1 : weights[i];
            float* from = values + ((long)i * width), to = means + ((long)sources[i] * width);
            ref float size = ref sizes[sources[i]];
            if (size >= 0)
            {
                Add(from, weight, to, width);
                size += weight;
                continue;
            }
            Begin(from, weight, to, width);
            size = weight;
        }
        for (int k = 0; k < survivors; k++)
        {
            if (sizes[k] != 1)
                Divide(means + ((long)k * width), sizes[k], width);
        }
        if (weights != null)
            Restore(values, sources, count, width, means, new Span<int>(members, survivors));
    }

    /// <summary>Tokens that did not merge keep their values bit for bit: x * s / s may differ from x.</summary>
    static void Restore(float* values, int* sources, int count, int width, float* means, Span<int> members)
    {
        members.Clear();
        for (int i = 0; i < count; i++)
            members[sources[i]]++;
        for (int i = 0; i < count; i++)
        {
            if (members[sources[i]] == 1)
                new ReadOnlySpan<float>(values + ((long)i * width),
                    width).CopyTo(new Span<float>(means + ((long)sources[i] * width), width));
        }
    }

    // A sum that starts at 0, so that the destination need not be read.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Begin(float* from, float weight, float* to, int width)
    {
        int d = 0;
        for (; d <= width - Vector<float>.Count; d += Vector<float>.Count)
            Vector.Store(Vector<float>.Zero + (Vector.Load(from + d) * weight), to + d);
        for (; d < width; d++)
            to[d] = 0 + (from[d] * weight);
    }

    // Not fused, so that every machine computes the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(float* from, float weight, float* to, int width)
    {
        int d = 0;
        for (; d <= width - Vector<float>.Count; d += Vector<float>.Count)
            Vector.Store(Vector.Load(to + d) + (Vector.Load(from + d) * weight), to + d);
        for (; d < width; d++)
            to[d] += from[d] * weight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Divide(float* values, float by, int width)
    {
        int d = 0;
        for (; d <= width - Vector<float>.Count; d += Vector<float>.Count)
            Vector.Store(Vector.Load(values + d) / new Vector<float>(by), values + d);
        for (; d < width; d++)
            values[d] /= by;
    }
}
