using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Training;

// The network over lanes, where masks make that faster: a row of memory holds one value of all rows of a part.
sealed unsafe partial class FeedForwardGradient
{
    FeedForwardLanes? madeLanes, lanes; // made once; used as long as masks make it faster

    protected override void Cut(IActiveWeights? active)
    {
        double inRows = 0, inLanes = KernelRule.TurningForTraining(layers.Inputs + (2 * layers.Outputs.Width), Kernels);
        foreach (var (i, layer) in layers.Layers.Index())
        {
            layer.Lanes = null;
            double density = active is null ? 1 : PlannedLanes.Density(MaskOf(active, layer));
            int passes = i == 0 ? 1 : 2;
            inRows += (passes + 1.0) * layer.Outputs * layer.Inputs;
            inLanes += KernelRule.TrainingInLanes(
                layer.Outputs, layer.Inputs, density, !active?.AllGradients ?? false, passes, Kernels);
        }
        lanes = active is not null && inLanes < inRows ? madeLanes ??= new(this) : null;
        lanes?.Cut(active!);
    }

    sealed class FeedForwardLanes
    {
        readonly FeedForwardGradient of;
        readonly KernelSet kernels;
        readonly nint stride;
        readonly PlannedLanes[] layers;
        readonly nint[] sums, values, gradients; // where they begin
        readonly float* input;

        public FeedForwardLanes(FeedForwardGradient of)
        {
            (this.of, kernels) = (of, of.Kernels);
            stride = PlannedLanes.StrideOf(kernels, Part);
            var all = of.layers.Layers;
            float* scratch = of.Memory.Numbers(all.Max(layer => PlannedLanes.Scratch(kernels, layer.Inputs, Part)));
            layers = [.. all.Select(layer => new PlannedLanes(kernels, layer, stride, scratch))];
            input = (float*)Rows(all[0].Inputs);
            values = [.. all.Select(layer => Rows(layer.Outputs))];
            bool keeps = KernelSet.KeepsInput(of.layers.Activation);
            sums = [.. all.Select((layer, i) => keeps && i < all.Count - 1 ? Rows(layer.Outputs) : values[i])];
            gradients = [.. all.Select(layer => Rows(layer.Outputs))];
        }

        nint Rows(int features) => (nint)of.Memory.Numbers(features * stride);

        public void Cut(IActiveWeights active)
        {
            foreach (var (layer, over) in of.layers.Layers.Zip(layers))
            {
                over.Cut(MaskOf(active, layer), active.AllGradients);
                layer.Lanes = over;
            }
        }

        float* Read(int layer) => layer == 0 ? input : (float*)values[layer - 1];

        public PlanRows Forward(float* inputs, int rows)
        {
            Transposition.Transpose(inputs, rows, of.layers.Inputs, of.layers.Inputs, input, stride);
            for (int i = 0; i < layers.Length; i++)
            {
                layers[i].Forward(Read(i), rows, (float*)sums[i]);
                if (i == layers.Length - 1)
                    break;
                kernels.Activate(of.layers.Activation, (float*)sums[i], (float*)values[i], layers[i].Layer.Outputs * stride);
                of.ShowLanes(layers[i + 1].Layer, (float*)values[i], stride, rows);
            }
            var outputs = of.layers.Outputs;
            Transposition.Transpose((float*)values[^1], outputs.Width, rows, stride, outputs.First, outputs.Stride);
            return outputs;
        }

        public void Backward(int rows)
        {
            var given = of.layers.Outputs;
            Transposition.Transpose(given.First, rows, given.Width, given.Stride, (float*)gradients[^1], stride);
            PlannedLanes.ClearRest(kernels, (float*)gradients[^1], given.Width, stride, rows);
            for (int i = layers.Length - 1; i >= 0; i--)
            {
                layers[i].Backward(Read(i), (float*)gradients[i], rows);
                if (i == 0)
                    break;
                layers[i].Backward((float*)gradients[i], rows, (float*)gradients[i - 1]);
                float* passed = (float*)gradients[i - 1];
                kernels.ActivateBack(of.layers.Activation, (float*)sums[i - 1], passed, layers[i - 1].Layer.Outputs * stride);
            }
        }
    }
}
