using System.Runtime.InteropServices;
using MLNet.Pruning.Models;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Training;

/// <summary>A <see cref="Vit"/> forward and backward, a few images at a time.</summary>
sealed unsafe partial class VitGradient : GradientPlan
{
    // Rows of tokens at a time, so that what a block keeps stays in the second-level cache.
    const int PartTokens = 200;

    readonly VitBlueprint blueprint;
    readonly PatchGrid grid;
    readonly int images, merged, apart, tokens, dim;
    readonly PlannedLinear embedding, logits;
    readonly VitBlockGradient[] blocks;
    readonly PlanRows patches, values, gradients, dropped, pooled, normGradients, pooledGradients, outputs;
    readonly KernelSet attention;
    readonly float* sizes, logSizes, factors, packed, room, passed; // the last for gradients within a block, one block after the other
    readonly int[] sources;
    readonly TokenMerging.Worker? merging;
    PlanRows read; // the tokens of the first image

    public VitGradient(Vit network, PlanParameters parameters) : base(network, parameters)
    {
        blueprint = network.Blueprint;
        grid = blueprint.Grid;
        (merged, dim) = (blueprint.Tokens, blueprint.Dim);
        apart = blueprint.Pooling == VitPooling.ClassToken ? 1 : 0;
        tokens = merged + apart;
        images = Math.Max(1, PartTokens / tokens);
        int rows = images * tokens;
        (embedding, logits) = (Linear("embedding"), Linear("logits", "norm"));
        patches = Memory.Rows(images * (long)merged, grid.TokenWidth);
        (values, gradients) = (Memory.Rows(rows, dim), Memory.Rows(rows, dim));
        dropped = blueprint.Dropout > 0 ? Memory.Rows(rows, dim) : default;
        (pooled, pooledGradients, outputs) = (Memory.Rows(images, dim), Memory.Rows(images, dim), Memory.Rows(images, logits.Outputs));
        passed = Memory.Numbers((long)rows * (dim + blueprint.BlockHeads.Zip(blueprint.BlockHidden,
            (heads, hidden) => 4 * heads * blueprint.HeadSize + hidden).Max() + (4 * Kernels.Lanes)));
        attention = KernelSet.Dividing(blueprint.HeadSize)!;
        room = Memory.Numbers(new AttentionSizes(1, tokens, 1, blueprint.HeadSize, 0, 0).Room);
        sizes = Memory.Numbers(rows);
        logSizes = Memory.Numbers(rows);
        factors = Memory.Numbers(images);
        normGradients = Memory.Rows(images, dim);
        packed = Memory.Numbers((long)grid.Count * grid.TokenWidth);
        sources = new int[images * grid.Count];
        merging = blueprint.Input == VitInput.Pixels && Merges ? new TokenMerging(grid, grid.Count - merged).Take() : null;
        blocks = [.. blueprint.BlockHeads.Select((heads, number) => new VitBlockGradient(this, number, heads))];
    }

    protected override int RowsOfPart => images;

    float Epsilon => (float)blueprint.NormEpsilon;

    // Rows of tokens have sizes, even where none has merged.
    bool Merges => merged < grid.Count || blueprint.Input == VitInput.Tokens;

    /// <summary>Why no plan trains such a network; null if one does.</summary>
    public static string? WhyNot(VitBlueprint blueprint) =>
        FewTokensAttention.WhyNot(blueprint.Tokens + (blueprint.Pooling == VitPooling.ClassToken ? 1 : 0), blueprint.HeadSize)
        ?? (blueprint.BlockMerges().Any(merge => merge > 0) ? "the transformer merges tokens between its blocks" : null);

    protected override PlanRows Forward(float* inputs, int rows)
    {
        Embed(inputs, rows);
        lanes?.Forward(rows);
        foreach (var block in lanes is null ? blocks : [])
            block.Forward(rows);
        Pool(rows);
        Kernels.NormalizeRows(pooled.First, rows, dim, pooled.Stride, pooled.First, Epsilon, factors);
        Show(logits, pooled, rows);
        logits.Forward(pooled, rows, outputs);
        return outputs;
    }

    protected override void Backward(int rows)
    {
        logits.Backward(pooled, outputs, rows);
        logits.Backward(outputs, rows, normGradients);
        Show(logits, pooled, normGradients, outputs, rows);
        NativeMemory.Clear(pooledGradients.First, (nuint)(rows * pooledGradients.Stride * sizeof(float)));
        Kernels.NormalizeRowsBack(pooled.First, factors, normGradients.First, rows, dim, pooled.Stride, pooledGradients.First);
        PoolBack(rows);
        lanes?.Backward(rows);
        for (int i = blocks.Length - 1; lanes is null && i >= 0; i--)
            blocks[i].Backward(rows);
        EmbedBack(rows);
    }

    /// <summary>
    /// Tokens, their places and sizes. Embedding is affine, so the embedding of a mean is the mean of the embeddings; a merged token gets
    /// the mean place of its patches.
    /// </summary>
    void Embed(float* inputs, int rows)
    {
        float* positions = Parameters.Value("positions.weight");
        int width = grid.TokenWidth;
        long row = blueprint.Input == VitInput.Pixels ? grid.ImageValues : ((long)merged * (width + 1)) + grid.Count;
        read = blueprint.Input == VitInput.Pixels ? patches : new PlanRows(inputs, width, width);
        for (int image = 0; image < rows; image++, inputs += row)
        {
            float* size = sizes + (image * tokens) + apart;
            var goes = sources.AsSpan(image * grid.Count, grid.Count);
            Cut(inputs, image, size, goes);
            var x = Image(values, image);
            embedding.Forward(Patches(image), merged, x);
            for (int patch = 0; patch < grid.Count; patch++)
                Kernels.AddScaled(positions + ((long)patch * dim), 1 / size[goes[patch]], x.Row(goes[patch]), dim);
            if (apart > 0)
            {
                sizes[image * tokens] = 1;
                Buffer.MemoryCopy(Parameters.Value("classToken.weight"), values.Row((long)image * tokens), dim * sizeof(float),
                    dim * sizeof(float));
            }
        }
        for (int token = 0; Merges && token < rows * tokens; token++)
            logSizes[token] = MathF.Log(sizes[token]);
    }

    /// <summary>The patches of an image after merging, and which patch went where.</summary>
    void Cut(float* input, int image, float* size, Span<int> goes)
    {
        if (blueprint.Input == VitInput.Tokens)
        {
            float* of = input + ((long)merged * grid.TokenWidth);
            for (int token = 0; token < merged; token++)
                size[token] = of[token] > 0 ? of[token] : 1;
            for (int patch = 0; patch < grid.Count; patch++)
                goes[patch] = Math.Clamp((int)of[merged + patch], 0, merged - 1);
            return;
        }
        if (merging is not null)
        {
            merging.Merge(input, packed, size).CopyTo(goes);
        }
        else
        {
            grid.Cut(input, packed);
            for (int patch = 0; patch < grid.Count; patch++)
                (size[patch], goes[patch]) = (1, patch);
        }
        long bytes = grid.TokenWidth * sizeof(float);
        for (int token = 0; token < merged; token++)
            Buffer.MemoryCopy(packed + ((long)token * grid.TokenWidth), patches.Row(((long)image * merged) + token), bytes, bytes);
    }

    PlanRows Patches(int image) => blueprint.Input == VitInput.Pixels
        ? new(patches.Row((long)image * merged), patches.Width, patches.Stride)
        : new(read.First + (image * (((long)merged * (grid.TokenWidth + 1)) + grid.Count)), read.Width, read.Stride);

    /// <summary>The tokens of an image, without the class token.</summary>
    PlanRows Image(PlanRows of, int image) => new(of.Row(((long)image * tokens) + apart), of.Width, of.Stride);

    void EmbedBack(int rows)
    {
        float* positions = Parameters.Gradient("positions.weight");
        for (int image = 0; image < rows; image++)
        {
            float* size = sizes + (image * tokens) + apart;
            var goes = sources.AsSpan(image * grid.Count, grid.Count);
            var dx = Image(gradients, image);
            embedding.Backward(Patches(image), dx, merged);
            for (int patch = 0; patch < grid.Count; patch++)
                Kernels.AddScaled(dx.Row(goes[patch]), 1 / size[goes[patch]], positions + ((long)patch * dim), dim);
            if (apart > 0)
                Kernels.AddScaled(gradients.Row((long)image * tokens), 1, Parameters.Gradient("classToken.weight"), dim);
        }
    }

    // A token weighs as many patches as it stands for.
    float Share(int image, int token) => apart > 0 ? token == 0 ? 1 : 0
        : Merges ? sizes[(image * tokens) + token] / grid.Count : 1f / tokens;

    void Pool(int rows)
    {
        NativeMemory.Clear(pooled.First, (nuint)(rows * pooled.Stride * sizeof(float)));
        for (int image = 0; image < rows; image++)
        {
            for (int token = 0; token < (apart > 0 ? 1 : tokens); token++)
                Kernels.AddScaled(values.Row(((long)image * tokens) + token), Share(image, token), pooled.Row(image), dim);
        }
    }

    void PoolBack(int rows)
    {
        NativeMemory.Clear(gradients.First, (nuint)(rows * tokens * gradients.Stride * sizeof(float)));
        for (int image = 0; image < rows; image++)
        {
            for (int token = 0; token < (apart > 0 ? 1 : tokens); token++)
                Kernels.AddScaled(pooledGradients.Row(image), Share(image, token), gradients.Row(((long)image * tokens) + token), dim);
        }
    }

    /// <summary>A block: attention, then a layer of hidden neurons. Each reads the normalized tokens and adds to the tokens.</summary>
    sealed class VitBlockGradient
    {
        readonly VitGradient of;
        readonly PlannedLinear qkv, projection, hidden, output;
        readonly PlanRows first, joined, mixed, second, sums, made;
        readonly PlanRows dNormalized, dMade, dMixed, dJoined;
        readonly PlannedDropout? mixedDropout, madeDropout;
        readonly float* firstFactors, secondFactors, kept;
        readonly int heads;

        /// <summary>qkv, projection, hidden and output.</summary>
        public PlannedLinear[] Layers => [qkv, projection, hidden, output];

        public int Heads => heads;

        public VitBlockGradient(VitGradient of, int number, int heads)
        {
            (this.of, this.heads) = (of, heads);
            string block = $"blocks.{number}";
            qkv = of.Linear($"{block}.attention.qkv", $"{block}.attentionNorm");
            projection = of.Linear($"{block}.attention.projection");
            hidden = of.Linear($"{block}.hidden", $"{block}.hiddenNorm");
            output = of.Linear($"{block}.output");
            var (memory, rows) = (of.Memory, of.images * of.tokens);
            (first, joined, mixed) = (memory.Rows(rows, of.dim), memory.Rows(rows, qkv.Outputs), memory.Rows(rows, projection.Inputs));
            (second, made) = (memory.Rows(rows, of.dim), memory.Rows(rows, hidden.Outputs));
            sums = KernelSet.KeepsInput(of.blueprint.Activation) ? memory.Rows(rows, hidden.Outputs) : made;
            firstFactors = memory.Numbers(rows);
            secondFactors = memory.Numbers(rows);
            kept = memory.Numbers(Sizes(of.images).Kept);
            if (of.blueprint.Dropout is > 0 and var rate)
                (mixedDropout, madeDropout) = (new(rate, 2 * number), new(rate, (2 * number) + 1));
            float* free = of.passed;
            dNormalized = Next(of.dim);
            dMade = Next(hidden.Outputs);
            dMixed = Next(projection.Inputs);
            dJoined = Next(qkv.Outputs);

            PlanRows Next(int width)
            {
                var found = new PlanRows(free, width, of.Kernels.Padded(width));
                free += rows * found.Stride;
                return found;
            }
        }

        AttentionSizes Sizes(int images) => new(images, of.tokens, heads, of.blueprint.HeadSize, joined.Stride, mixed.Stride);

        public void Forward(int images)
        {
            var (kernels, x, rows) = (of.Kernels, of.values, images * of.tokens);
            kernels.NormalizeRows(x.First, rows, of.dim, x.Stride, first.First, of.Epsilon, firstFactors);
            of.Show(qkv, first, images, of.tokens);
            qkv.Forward(first, rows, joined);
            of.attention.Attend(joined.First, of.Merges ? of.logSizes : null, Sizes(images), of.room, mixed.First, kept);
            of.Show(projection, mixed, images, of.tokens);
            Added(projection, mixed, mixedDropout, images);
            kernels.NormalizeRows(x.First, rows, of.dim, x.Stride, second.First, of.Epsilon, secondFactors);
            of.Show(hidden, second, images, of.tokens);
            hidden.Forward(second, rows, sums);
            kernels.ActivateAhead(of.blueprint.Activation, sums.First, made.First, rows * made.Stride);
            of.Show(output, made, images, of.tokens);
            Added(output, made, madeDropout, images);
        }

        /// <summary>Adds the output of a layer to the tokens.</summary>
        void Added(PlannedLinear layer, PlanRows read, PlannedDropout? dropout, int images)
        {
            var (x, rows) = (of.values, images * of.tokens);
            if (dropout is null || !of.Trains)
            {
                layer.Forward(read, rows, x, x.First);
                return;
            }
            layer.Forward(read, rows, of.dropped);
            dropout.Apply(of.Draws, of.dropped, images, of.tokens, of.dropped);
            of.Kernels.Add(x.First, of.dropped.First, x.First, rows * x.Stride);
        }

        /// <summary>The gradient of the output of a layer that was added to the tokens.</summary>
        PlanRows Dropped(PlannedDropout? dropout, int images)
        {
            if (dropout is null)
                return of.gradients;
            dropout.Apply(of.Draws, of.gradients, images, of.tokens, of.dropped);
            return of.dropped;
        }

        public void Backward(int images)
        {
            var (kernels, dx, rows) = (of.Kernels, of.gradients, images * of.tokens);
            var dy = Dropped(madeDropout, images);
            output.Backward(made, dy, rows);
            output.Backward(dy, rows, dMade);
            of.Show(output, made, dMade, dy, images, of.tokens);
            kernels.ActivateBehind(of.blueprint.Activation, sums.First, dMade.First, rows * dMade.Stride);
            hidden.Backward(second, dMade, rows);
            hidden.Backward(dMade, rows, dNormalized);
            of.Show(hidden, second, dNormalized, dMade, images, of.tokens);
            kernels.NormalizeRowsBack(second.First, secondFactors, dNormalized.First, rows, of.dim, dx.Stride, dx.First);
            dy = Dropped(mixedDropout, images);
            projection.Backward(mixed, dy, rows);
            projection.Backward(dy, rows, dMixed);
            of.Show(projection, mixed, dMixed, dy, images, of.tokens);
            of.attention.AttendBack(
                joined.First, of.Merges ? of.logSizes : null, kept, Sizes(images), of.room, dMixed.First, dJoined.First);
            qkv.Backward(first, dJoined, rows);
            qkv.Backward(dJoined, rows, dNormalized);
            of.Show(qkv, first, dNormalized, dJoined, images, of.tokens);
            kernels.NormalizeRowsBack(first.First, firstFactors, dNormalized.First, rows, of.dim, dx.Stride, dx.First);
        }
    }
}
