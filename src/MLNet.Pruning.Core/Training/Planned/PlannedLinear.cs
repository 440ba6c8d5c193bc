using System.Runtime.InteropServices;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using static TorchSharp.torch;

namespace MLNet.Pruning.Training;

/// <summary>
/// A linear layer forward and backward. The weight and bias of a norm in front of it are part of its weights: y = x (W s)^T + (W t + b),
/// where x is only normalized, s the norm's weight and t its bias.
/// </summary>
sealed unsafe class PlannedLinear
{
    readonly KernelSet kernels;
    readonly PlanMemory memory;
    readonly DensePanels packing;
    readonly float* weight, bias, weightGradient, biasGradient, scale, shift, scaleGradient, shiftGradient;
    readonly float* panels, whole, wholeBias, sums, biasSums, product;
    readonly nint sumStride;
    nint turned; // inputs and outputs of some rows over lanes
    long turnedRoom;
    bool isPacked;

    /// <param name="kernels">The kernels.</param>
    /// <param name="memory">For packed weights and sums.</param>
    /// <param name="of">The parameters.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="norm">The name of the norm in front of it; null for none.</param>
    public PlannedLinear(KernelSet kernels, PlanMemory memory, PlanParameters of, string name, string? norm = null)
    {
        (this.kernels, this.memory, Name, Offset) = (kernels, memory, name, of.Offset($"{name}.weight"));
        (Outputs, Inputs) = (of.Size($"{name}.weight", 0), of.Size($"{name}.weight", 1));
        weight = of.Value($"{name}.weight");
        weightGradient = of.Gradient($"{name}.weight");
        bias = of.Value($"{name}.bias");
        biasGradient = of.Gradient($"{name}.bias");
        packing = new(kernels, Outputs, Inputs);
        panels = memory.Numbers(packing.Room);
        wholeBias = memory.Numbers(kernels.Padded(Outputs) + kernels.Lanes);
        biasSums = memory.Numbers(kernels.Padded(Outputs) + kernels.Lanes);
        whole = weight;
        sums = weightGradient;
        sumStride = Inputs;
        if (norm is not null)
        {
            scale = of.Value($"{norm}.weight");
            scaleGradient = of.Gradient($"{norm}.weight");
            shift = of.Value($"{norm}.bias");
            shiftGradient = of.Gradient($"{norm}.bias");
            whole = memory.Numbers((long)Outputs * Inputs);
            product = memory.Numbers(Inputs);
        }
        // Products write whole vectors.
        if (norm is not null || Inputs % kernels.Lanes != 0)
        {
            sumStride = kernels.Padded(Inputs);
            sums = memory.Numbers(Outputs * (long)sumStride);
        }
    }

    public string Name { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    public bool HasNorm => scale != null;

    /// <summary>Where the weights begin in the vector of all parameters.</summary>
    public int Offset { get; }

    /// <summary>The same layer over lanes if it is computed there; null over rows.</summary>
    public PlannedLanes? Lanes { get; set; }

    /// <summary>The weights with those of the norm, [outputs][inputs].</summary>
    public float* Whole => whole;

    public float* WholeBias => wholeBias;

    public float* BiasSums => biasSums;

    /// <summary>Takes the parameters as they are now. The gradients are zero.</summary>
    public void Begin()
    {
        if (scale == null)
        {
            new Span<float>(bias, Outputs).CopyTo(new(wholeBias, Outputs));
        }
        else
        {
            for (int o = 0; o < Outputs; o++)
                kernels.Multiply(weight + ((long)o * Inputs), scale, whole + ((long)o * Inputs), Inputs);
            kernels.DotProducts(shift, 1, Inputs, weight, bias, Outputs, Inputs, wholeBias, Outputs, null);
        }
        Lanes?.Begin();
        isPacked = false;
        if (sums != weightGradient && Lanes is not { IsSampled: true })
            NativeMemory.Clear(sums, (nuint)(Outputs * sumStride * sizeof(float)));
        NativeMemory.Clear(biasSums, (nuint)(Outputs * sizeof(float)));
    }

    /// <summary>y = x W^T + b, + residual if there is one.</summary>
    public void Forward(PlanRows x, int rows, PlanRows y, float* residual = null)
    {
        // Rows are turned and back in place of packing the weights where that is less to move.
        if (residual == null && (long)rows * (Inputs + Outputs) < (long)Inputs * Outputs)
            ForwardTurned(x, rows, y);
        else
            ForwardPacked(x, rows, y, residual);
    }

    void ForwardPacked(PlanRows x, int rows, PlanRows y, float* residual)
    {
        for (int panel = 0; !isPacked && panel < packing.Count; panel++)
            packing.Pack(panel, whole, panels);
        isPacked = true;
        kernels.Product(new()
        {
            A = x.First,
            RowStride = x.Stride,
            DepthStride = 1,
            Rows = rows,
            Columns = Outputs,
            Depth = Inputs,
            B = panels,
            BStride = kernels.PanelWidth,
            TripleStride = 3 * kernels.Lanes,
            PanelStride = (nint)Inputs * kernels.PanelWidth,
            C = y.First,
            CStride = y.Stride,
            ColumnBias = wholeBias,
            Residual = residual,
        });
    }

    void ForwardTurned(PlanRows x, int rows, PlanRows y)
    {
        nint stride = kernels.Padded(rows);
        long room = (Inputs + Outputs) * (long)stride;
        if (room > turnedRoom)
            (turned, turnedRoom) = ((nint)memory.Numbers(room), room);
        float* read = (float*)turned, given = read + (Inputs * stride);
        Transposition.Transpose(x.First, rows, Inputs, x.Stride, read, stride);
        MultiplyLanes(read, rows, stride, given);
        Transposition.Transpose(given, Outputs, rows, stride, y.First, y.Stride);
    }

    /// <summary>y = W x + b over lanes, [feature][stride], + residual if there is one.</summary>
    public void MultiplyLanes(float* x, int lanes, nint stride, float* y, float* residual = null) =>
        OverLanes(Outputs, Inputs, Inputs, 1, x, lanes, stride, y, wholeBias, residual);

    /// <summary>dx = W^T dy over lanes.</summary>
    public void MultiplyLanesBack(float* dy, int lanes, nint stride, float* dx) =>
        OverLanes(Inputs, Outputs, 1, Inputs, dy, lanes, stride, dx, null, null);

    void OverLanes(int rows, int depth, nint rowStride, nint depthStride, float* b, int lanes, nint stride, float* c, float* rowBias,
        float* residual) => kernels.Product(new()
        {
            A = whole,
            RowStride = rowStride,
            DepthStride = depthStride,
            Rows = rows,
            Columns = lanes,
            Depth = depth,
            B = b,
            BStride = stride,
            TripleStride = stride,
            PanelStride = kernels.PanelWidth,
            C = c,
            CStride = stride,
            RowBias = rowBias,
            Residual = residual,
        });

    /// <summary>Adds to the gradients of the parameters.</summary>
    /// <param name="x">What the layer has read.</param>
    /// <param name="dy">The gradient of what it gave.</param>
    /// <param name="rows">The number of rows.</param>
    public void Backward(PlanRows x, PlanRows dy, int rows)
    {
        AddGradient(dy.First, 1, dy.Stride, x.First, x.Stride, rows);
        kernels.AddRows(dy.First, rows, Outputs, dy.Stride, biasSums);
    }

    /// <summary>
    /// Adds to the weights' gradient the products of outputs' gradients, whose two strides are free, and rows of inputs.
    /// </summary>
    public void AddGradient(float* dy, nint outputStride, nint rowStride, float* x, nint xStride, int rows) => kernels.Product(new()
    {
        A = dy,
        RowStride = outputStride,
        DepthStride = rowStride,
        Rows = Outputs,
        Columns = Inputs,
        Depth = rows,
        B = x,
        BStride = xStride,
        TripleStride = xStride,
        PanelStride = kernels.PanelWidth,
        C = sums,
        CStride = sumStride,
        Residual = sums,
    });

    /// <summary>dx = dy W: the gradient of what the layer has read.</summary>
    public void Backward(PlanRows dy, int rows, PlanRows dx) => kernels.Product(new()
    {
        A = dy.First,
        RowStride = dy.Stride,
        DepthStride = 1,
        Rows = rows,
        Columns = Inputs,
        Depth = Outputs,
        B = whole,
        BStride = Inputs,
        TripleStride = Inputs,
        PanelStride = kernels.PanelWidth,
        C = dx.First,
        CStride = dx.Stride,
    });

    /// <summary>
    /// Adds, over some rows, what the layer reads times its gradient. Behind a norm that is (x s + t) dy W, where dx = dy W s is known:
    /// x dx + t dy W, and the second is one product for all rows.
    /// </summary>
    /// <param name="x">What the layer has read.</param>
    /// <param name="dx">The gradient of that.</param>
    /// <param name="dy">The gradient of what it gave.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="to">One number per input.</param>
    public void AddProducts(PlanRows x, PlanRows dx, PlanRows dy, int rows, float* to)
    {
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < Inputs; i++)
                to[i] += x.Row(row)[i] * dx.Row(row)[i];
        for (int o = 0; HasNorm && o < Outputs; o++)
        {
            float sum = 0;
            for (int row = 0; row < rows; row++)
                sum += dy.Row(row)[o];
            float* w = weight + ((long)o * Inputs);
            for (int i = 0; i < Inputs; i++)
                to[i] += sum * shift[i] * w[i];
        }
    }

    /// <summary>Moves sums to the vector of gradients, as far as they are not there.</summary>
    public void End()
    {
        kernels.Add(biasGradient, biasSums, biasGradient, Outputs);
        if (Lanes is { IsSampled: true } lanes)
        {
            var sampled = new Sampled(this);
            lanes.Gradient.EachSum(ref sampled);
            return;
        }
        if (sums == weightGradient)
            return;
        for (int o = 0; o < Outputs; o++)
        {
            float* from = sums + (o * sumStride), to = weightGradient + ((long)o * Inputs), of = weight + ((long)o * Inputs);
            if (scale == null)
            {
                kernels.Add(to, from, to, Inputs);
                continue;
            }
            kernels.Multiply(from, of, product, Inputs);
            kernels.Add(scaleGradient, product, scaleGradient, Inputs);
            kernels.AddScaled(of, biasSums[o], shiftGradient, Inputs);
            kernels.Multiply(from, scale, product, Inputs);
            kernels.Add(to, product, to, Inputs);
            kernels.AddScaled(shift, biasSums[o], to, Inputs);
        }
    }

    /// <summary>What the layer reads as the module would: behind the norm's weight and bias; of the caller's dispose scope.</summary>
    public Tensor Seen(Tensor normalized)
    {
        if (!HasNorm)
            return normalized;
        var (scales, shifts) = (new float[Inputs], new float[Inputs]);
        new Span<float>(scale, Inputs).CopyTo(scales);
        new Span<float>(shift, Inputs).CopyTo(shifts);
        return normalized.mul(tensor(scales)).Plus(tensor(shifts));
    }

    /// <summary>Adds the gradient of an active weight to those of the parameters that make it up.</summary>
    readonly struct Sampled(PlannedLinear of) : ISumAction
    {
        public void Do(int weight, float sum)
        {
            if (of.scale == null)
            {
                of.weightGradient[weight] += sum;
                return;
            }
            var (output, input) = Math.DivRem(weight, of.Inputs);
            of.weightGradient[weight] += (sum * of.scale[input]) + (of.shift[input] * of.biasSums[output]);
            of.scaleGradient[input] += sum * of.weight[weight];
            of.shiftGradient[input] += of.weight[weight] * of.biasSums[output];
        }
    }
}
