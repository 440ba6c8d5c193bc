using System.Collections.Concurrent;

namespace MLNet.Pruning.Tokens;

/// <summary>
/// Merges the tokens of many images in a single pass: every even token is matched with its most similar odd one (cosine), and the most
/// similar pairs merge into their means. Needs no LibTorch; thread-safe; the results are the same on every machine.
/// </summary>
public sealed class TokenMerging
{
    // A second thread pays above this many multiplications, a tenth of a millisecond. Cutting, norms and means cost as much as some
    // multiplications per value: merging 16 of 49 tokens takes 1.4 us, of which products are a quarter.
    const long WorkPerThread = 1 << 20, WorkOfValue = 12;

    readonly ConcurrentBag<Worker> idle = [];

    /// <summary>Creates a merging of tokens.</summary>
    /// <param name="tokens">Tokens per image, N; at least 1.</param>
    /// <param name="width">Values of a token, D; at least 1.</param>
    /// <param name="merge">Tokens that merge away, r; 0 to half of the tokens.</param>
    public TokenMerging(int tokens, int width, int merge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        MergeAmount.Check(merge, tokens);
        (Tokens, Width, Merged) = (tokens, width, merge);
    }

    /// <summary>Creates a merging of the patches of images.</summary>
    /// <param name="grid">How images are cut.</param>
    /// <param name="merge">Patches that merge away, r; 0 to half of them.</param>
    public TokenMerging(PatchGrid grid, int merge)
        : this((grid ?? throw new ArgumentNullException(nameof(grid))).Count, grid.TokenWidth, merge) => Grid = grid;

    /// <summary>How images are cut; null if the input is tokens.</summary>
    public PatchGrid? Grid { get; }

    /// <summary>Tokens per image, N.</summary>
    public int Tokens { get; }

    /// <summary>Values of a token, D.</summary>
    public int Width { get; }

    /// <summary>Tokens that merge away, r.</summary>
    public int Merged { get; }

    /// <summary>Tokens that remain, K.</summary>
    public int Survivors => Tokens - Merged;

    /// <summary>Merges the tokens of images that are stored one after the other.</summary>
    /// <param name="tokens">[images x N x D], or [images x channels x height x width] with a <see cref="Grid"/>.</param>
    /// <param name="merged">[images x K x D]; written.</param>
    /// <param name="sizes">[images x K]; written: the number of tokens of each survivor.</param>
    /// <param name="sources">[images x N]; written: the survivor of each token.</param>
    /// <param name="threads">The maximum number of threads; 0 for one per core.</param>
    public unsafe void Merge(ReadOnlySpan<float> tokens, Span<float> merged, Span<float> sizes, Span<int> sources, int threads = 0)
    {
        int values = Grid?.ImageValues ?? (Tokens * Width);
        int images = tokens.Length / values;
        CheckLength(tokens.Length, (long)images * values, nameof(tokens), $"a multiple of {values}");
        CheckLength(merged.Length, (long)images * Survivors * Width, nameof(merged));
        CheckLength(sizes.Length, (long)images * Survivors, nameof(sizes));
        CheckLength(sources.Length, (long)images * Tokens, nameof(sources));
        fixed (float* input = tokens, means = merged, counts = sizes)
        fixed (int* indices = sources)
        {
            var (from, to, sizesTo, sourcesTo) = ((nint)input, (nint)means, (nint)counts, (nint)indices);
            ForEach(images, threads, (worker, image) => worker.Merge(
                (float*)from + ((long)image * values),
                (float*)to + ((long)image * Survivors * Width),
                (float*)sizesTo + ((long)image * Survivors)).CopyTo(new Span<int>((int*)sourcesTo + ((long)image * Tokens), Tokens)));
        }
    }

    /// <summary>Processes images on as many threads as are worthwhile, each with its own worker.</summary>
    internal void ForEach(int images, int threads, Action<Worker, int> merge)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        long work = (long)images * ((Merged > 0 ? Tokens / 4 : 0) + WorkOfValue) * Tokens * Width;
        int maximum = Math.Min(threads == 0 ? Environment.ProcessorCount : threads, Math.Max(1, images));
        int parts = (int)Math.Clamp(work / WorkPerThread, 1, maximum);
        if (parts == 1)
            Part(0);
        else
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = parts }, Part);

        void Part(int part)
        {
            var worker = Take();
            int end = (int)((long)images * (part + 1) / parts);
            for (int image = (int)((long)images * part / parts); image < end; image++)
                merge(worker, image);
            Give(worker);
        }
    }

    /// <summary>A worker for one thread, until it is returned.</summary>
    internal Worker Take() => idle.TryTake(out var worker) ? worker : new Worker(this);

    internal void Give(Worker worker) => idle.Add(worker);

    static void CheckLength(int found, long wanted, string name, string? wish = null)
    {
        if (found != wanted)
            throw new ArgumentException($"There are {found} values in {name}; wanted {wish ?? $"{wanted}"}.", name);
    }

    /// <summary>The working memory of one thread.</summary>
    internal sealed unsafe class Worker(TokenMerging plan)
    {
        readonly TokenMatcher matcher = new(plan.Tokens, plan.Width, plan.Merged);
        readonly float[] patches = GC.AllocateUninitializedArray<float>(plan.Grid is null ? 0 : plan.Tokens * plan.Width, pinned: true);

        // Indexes are kept in the worker's own memory: callers should not share buffers between threads but may, and an overwritten index
        // would crash the process.
        readonly int[] sources = GC.AllocateUninitializedArray<int>(plan.Tokens, pinned: true);

        /// <returns>[N]: the survivor of each token, valid until the next call.</returns>
        public ReadOnlySpan<int> Merge(float* input, float* merged, float* sizes)
        {
            fixed (float* cut = patches)
            fixed (int* indices = sources)
            {
                float* tokens = input;
                if (plan.Grid is { } grid)
                {
                    grid.Cut(input, cut);
                    tokens = cut;
                }
                matcher.Match(tokens, indices);
                TokenMeans.Merge(tokens, null, indices, plan.Tokens, plan.Width, merged, sizes, plan.Survivors, null);
            }
            return sources;
        }
    }
}
