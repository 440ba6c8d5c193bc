using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Training;

// The blocks over lanes, where masks make that faster: a row of memory holds one value of all tokens, from the embedding to the pool.
sealed unsafe partial class VitGradient
{
    VitLanes? madeLanes, lanes; // made once; used as long as masks make it faster

    protected override void Cut(IActiveWeights? active)
    {
        PlannedLinear[] all = [.. blocks.SelectMany(block => block.Layers)];
        double inRows = 0, inLanes = 4 * KernelRule.TurningForTraining(dim, Kernels);
        foreach (var layer in all)
        {
            double density = active is null ? 1 : PlannedLanes.Density(MaskOf(active, layer));
            inRows += 3.0 * layer.Outputs * layer.Inputs;
            inLanes += KernelRule.TrainingInLanes(layer.Outputs, layer.Inputs, density, !active?.AllGradients ?? false, 2, Kernels);
        }
        // Dropout is drawn over rows.
        lanes = active is not null && blueprint.Dropout == 0 && inLanes < inRows ? madeLanes ??= new(this) : null;
        foreach (var layer in all)
            layer.Lanes = null;
        lanes?.Cut(active!);
    }

    /// <summary>The same computation as <see cref="VitBlockGradient"/>, block after block.</summary>
    sealed class VitLanes
    {
        readonly VitGradient of;
        readonly nint stride;
        readonly float* x, dx, dNormalized, dMade, dMixed, dJoined;
        readonly Block[] blocks;

        public VitLanes(VitGradient of)
        {
            this.of = of;
            int rows = of.images * of.tokens;
            // An image's last queries are whole vectors.
            stride = PlannedLanes.StrideOf(of.Kernels, rows - of.tokens + of.Kernels.Padded(of.tokens));
            var layers = of.blocks.Select(block => block.Layers).ToArray();
            x = Rows(of.dim);
            dx = Rows(of.dim);
            dNormalized = Rows(of.dim);
            dMade = Rows(layers.Max(layer => layer[3].Inputs));
            dMixed = Rows(layers.Max(layer => layer[1].Inputs));
            dJoined = Rows(layers.Max(layer => layer[0].Outputs));
            int widest = layers.Max(block => block.Max(layer => layer.Inputs));
            float* scratch = of.Memory.Numbers(PlannedLanes.Scratch(of.Kernels, widest, rows));
            blocks = [.. of.blocks.Select(block => new Block(this, block, scratch))];
        }

        float* Rows(int features) => of.Memory.Numbers(features * stride);

        public void Cut(IActiveWeights active)
        {
            foreach (var layer in blocks.SelectMany(block => block.Layers))
            {
                layer.Cut(MaskOf(active, layer.Layer), active.AllGradients);
                layer.Layer.Lanes = layer;
            }
        }

        public void Forward(int images)
        {
            int tokens = images * of.tokens;
            Transposition.Transpose(of.values.First, tokens, of.dim, of.values.Stride, x, stride);
            PlannedLanes.ClearRest(of.Kernels, x, of.dim, stride, tokens);
            foreach (var block in blocks)
                block.Forward(images, tokens);
            Transposition.Transpose(x, of.dim, tokens, stride, of.values.First, of.values.Stride);
        }

        public void Backward(int images)
        {
            int tokens = images * of.tokens;
            Transposition.Transpose(of.gradients.First, tokens, of.dim, of.gradients.Stride, dx, stride);
            PlannedLanes.ClearRest(of.Kernels, dx, of.dim, stride, tokens);
            for (int i = blocks.Length - 1; i >= 0; i--)
                blocks[i].Backward(images, tokens);
            Transposition.Transpose(dx, of.dim, tokens, stride, of.gradients.First, of.gradients.Stride);
        }

        sealed class Block
        {
            readonly VitLanes lanes;
            readonly VitBlockGradient rows;
            readonly PlannedLanes qkv, projection, hidden, output;
            readonly float* attendRoom, first, joined, mixed, second, sums, made, firstFactors, secondFactors, weights;

            public Block(VitLanes lanes, VitBlockGradient rows, float* scratch)
            {
                (this.lanes, this.rows) = (lanes, rows);
                var of = lanes.of;
                var layers = rows.Layers;
                (qkv, projection, hidden, output) = (Over(layers[0]), Over(layers[1]), Over(layers[2]), Over(layers[3]));
                first = lanes.Rows(of.dim);
                joined = lanes.Rows(qkv.Layer.Outputs);
                mixed = lanes.Rows(projection.Layer.Inputs);
                second = lanes.Rows(of.dim);
                made = lanes.Rows(hidden.Layer.Outputs);
                sums = KernelSet.KeepsInput(of.blueprint.Activation) ? lanes.Rows(hidden.Layer.Outputs) : made;
                firstFactors = of.Memory.Numbers(lanes.stride);
                secondFactors = of.Memory.Numbers(lanes.stride);
                var sizes = Sizes(of.images);
                weights = of.Memory.Numbers((long)sizes.Images * sizes.Heads * sizes.Tokens * sizes.Padded);
                attendRoom = of.Memory.Numbers(of.Kernels.LaneRoom(sizes));

                PlannedLanes Over(PlannedLinear layer) => new(of.Kernels, layer, lanes.stride, scratch);
            }

            AttentionSizes Sizes(int images) =>
                new(images, lanes.of.tokens, rows.Heads, lanes.of.blueprint.HeadSize, lanes.stride, lanes.stride);

            public PlannedLanes[] Layers => [qkv, projection, hidden, output];

            nint Hidden => hidden.Layer.Outputs * lanes.stride;

            public void Forward(int images, int tokens)
            {
                var (of, kernels, stride) = (lanes.of, lanes.of.Kernels, lanes.stride);
                float* x = lanes.x;
                kernels.NormalizeLanes(x, tokens, of.dim, stride, first, of.Epsilon, firstFactors);
                of.ShowLanes(qkv.Layer, first, stride, images, of.tokens);
                qkv.Forward(first, tokens, joined);
                kernels.AttendLanes(joined, of.Merges ? of.logSizes : null, Sizes(images), mixed, weights);
                of.ShowLanes(projection.Layer, mixed, stride, images, of.tokens);
                projection.Forward(mixed, tokens, x, x);
                kernels.NormalizeLanes(x, tokens, of.dim, stride, second, of.Epsilon, secondFactors);
                of.ShowLanes(hidden.Layer, second, stride, images, of.tokens);
                hidden.Forward(second, tokens, sums);
                kernels.ActivateAhead(of.blueprint.Activation, sums, made, Hidden);
                of.ShowLanes(output.Layer, made, stride, images, of.tokens);
                output.Forward(made, tokens, x, x);
            }

            public void Backward(int images, int tokens)
            {
                var (of, kernels, stride) = (lanes.of, lanes.of.Kernels, lanes.stride);
                float* dx = lanes.dx;
                output.Backward(made, dx, tokens);
                output.Backward(dx, tokens, lanes.dMade);
                kernels.ActivateBehind(of.blueprint.Activation, sums, lanes.dMade, Hidden);
                hidden.Backward(second, lanes.dMade, tokens);
                hidden.Backward(lanes.dMade, tokens, lanes.dNormalized);
                kernels.NormalizeLanesBack(second, secondFactors, lanes.dNormalized, tokens, of.dim, stride, dx);
                projection.Backward(mixed, dx, tokens);
                projection.Backward(dx, tokens, lanes.dMixed);
                kernels.AttendLanesBack(joined, weights, Sizes(images), attendRoom, lanes.dMixed, lanes.dJoined);
                PlannedLanes.ClearRest(kernels, lanes.dJoined, qkv.Layer.Outputs, stride, tokens);
                qkv.Backward(first, lanes.dJoined, tokens);
                qkv.Backward(lanes.dJoined, tokens, lanes.dNormalized);
                kernels.NormalizeLanesBack(first, firstFactors, lanes.dNormalized, tokens, of.dim, stride, dx);
            }
        }
    }
}
