using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// Where the active weights of a matrix are, in the groups of <see cref="SparseMatrix"/>, for values and masks that change while a network
/// trains. Inputs and outputs are lanes: [input][stride].
/// </summary>
/// <remarks>A pattern follows from its mask alone, and so does the order of every sum: a resumed run gets the same bits.</remarks>
sealed unsafe class SparsePattern
{
    const int Group = SparseMatrix.Group;

    readonly int outputs, inputs;
    readonly nint stride;
    readonly AlignedBuffer<int> starts, order, counts, sumBegins; // of groups; of slots
    readonly AlignedBuffer<float> bias;
    readonly long[] keys;
    readonly int[] begins; // of each output's weights in the mask's order
    AlignedBuffer<int> places = new(0), sources = new(0), weights = new(0);
    AlignedBuffer<float> values = new(0), sums = new(0);
    int[] columns = [], slots = []; // in the mask's order: the input of each weight, and its place here

    /// <param name="outputs">The number of outputs.</param>
    /// <param name="inputs">The number of inputs.</param>
    /// <param name="stride">The distance between inputs.</param>
    public SparsePattern(int outputs, int inputs, nint stride)
    {
        (this.outputs, this.inputs, this.stride) = (outputs, inputs, stride);
        int groups = (outputs + Group - 1) / Group;
        (starts, order, counts) = (new(groups + 1), new(groups * Group), new(groups * Group));
        (sumBegins, bias) = (new((groups * Group) + 1), new(groups * Group));
        (keys, begins) = (new long[outputs], new int[outputs + 1]);
    }

    /// <summary>The number of active weights.</summary>
    public int Active => begins[outputs];

    /// <summary>Takes a mask, [outputs][inputs]: 0 for inactive weights, and -1 for active ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Cut(ReadOnlySpan<sbyte> mask)
    {
        Reserve(ref columns, mask.Length);
        int count = 0;
        for (int o = 0; o < outputs; o++)
        {
            begins[o] = count;
            var row = mask.Slice(o * inputs, inputs);
            var eights = MemoryMarshal.Cast<sbyte, ulong>(row);
            for (int eight = 0; eight < eights.Length; eight++)
            {
                for (ulong bits = eights[eight] & 0x8080808080808080; bits != 0; bits &= bits - 1)
                    columns[count++] = (8 * eight) + (BitOperations.TrailingZeroCount(bits) / 8);
            }
            for (int i = 8 * eights.Length; i < inputs; i++)
            {
                if (row[i] != 0)
                    columns[count++] = i;
            }
        }
        begins[outputs] = count;
        Arrange();
        for (int o = 0; o < outputs; o++)
        {
            for (int k = begins[o]; k < begins[o + 1]; k++)
                weights.Pointer[slots[k]] = sources.Pointer[slots[k]] = (o * inputs) + columns[k];
        }
    }

    /// <summary>Takes the transposed of a pattern, whose <see cref="Values"/> are then the source of this one's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void CutTransposed(SparsePattern of)
    {
        Reserve(ref columns, of.Active);
        Array.Clear(begins);
        for (int k = 0; k < of.Active; k++)
            begins[of.columns[k] + 1]++;
        for (int o = 0; o < outputs; o++)
            begins[o + 1] += begins[o];
        var (next, from) = (begins.AsSpan(0, outputs).ToArray(), new int[of.Active]);
        for (int row = 0; row < of.outputs; row++)
        {
            for (int k = of.begins[row]; k < of.begins[row + 1]; k++)
            {
                int at = next[of.columns[k]]++;
                (columns[at], from[at]) = (row, of.slots[k]);
            }
        }
        Arrange();
        for (int k = 0; k < of.Active; k++)
        {
            sources.Pointer[slots[k]] = from[k];
            weights.Pointer[slots[k]] = of.weights.Pointer[from[k]];
        }
    }

    /// <summary>Forms the groups: outputs with similar numbers of weights, ties by number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Arrange()
    {
        for (int o = 0; o < outputs; o++)
            keys[o] = ((long)(begins[o + 1] - begins[o]) << 32) | (uint)o;
        Array.Sort(keys);
        int groups = (outputs + Group - 1) / Group;
        for (int g = 0; g < groups; g++)
            starts.Pointer[g + 1] = starts.Pointer[g] + (Group * (int)(keys[Math.Min(outputs, (g + 1) * Group) - 1] >> 32));
        int room = starts.Pointer[groups];
        if (places.Length < room)
        {
            int more = room + (room / 4);
            (places, sources, weights, values) = (new(more), new(more), new(more), new(more));
        }
        Reserve(ref slots, Active);
        for (int slot = 0; slot < groups * Group; slot++)
        {
            // The last group is filled up with outputs that are not stored.
            int output = slot < outputs ? (int)(uint)keys[slot] : 0, begin = begins[output];
            int count = slot < outputs ? begins[output + 1] - begin : 0;
            (order.Pointer[slot], counts.Pointer[slot]) = (output, count);
            sumBegins.Pointer[slot + 1] = sumBegins.Pointer[slot] + ((count + 7) / 8 * 8);
            int start = starts.Pointer[slot / Group] + (slot % Group), end = starts.Pointer[(slot / Group) + 1], at = start;
            for (int k = 0; k < count; k++, at += Group)
            {
                slots[begin + k] = at;
                places.Pointer[at] = (int)(columns[begin + k] * stride);
            }
            // A filling zero reads an input that the output reads anyway, so that a NaN in other inputs does not reach it.
            for (int filling = count > 0 ? places.Pointer[at - Group] : 0; at < end; at += Group)
                (places.Pointer[at], sources.Pointer[at], weights.Pointer[at]) = (filling, -1, -1);
        }
        if (sums.Length < sumBegins.Pointer[groups * Group])
            sums = new(sumBegins.Pointer[groups * Group] + (room / 4));
    }

    static void Reserve(ref int[] array, int length)
    {
        if (array.Length < length)
            array = GC.AllocateUninitializedArray<int>(length + (length / 4));
    }

    /// <summary>The weights in the order of this pattern.</summary>
    public float* Values => values.Pointer;

    /// <summary>Takes the weights from where <see cref="Cut"/> or <see cref="CutTransposed"/> says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* from)
    {
        float* to = values.Pointer;
        int* source = sources.Pointer;
        int count = starts.Pointer[(outputs + Group - 1) / Group];
        for (int k = 0; k < count; k++)
            to[k] = source[k] < 0 ? 0 : from[source[k]];
    }

    /// <summary>Begins sums of <see cref="AddSampled"/>.</summary>
    public void Clear() => sums.Span.Clear();

    /// <summary>y = W x + bias, + residual if there is one; see <see cref="SparseProduct{TVectors,TVector}"/>.</summary>
    /// <param name="outputBias">[outputs]; null for none.</param>
    public void Multiply(KernelSet kernels, float* outputBias, float* x, int lanes, float* y, float* residual)
    {
        for (int slot = 0; outputBias != null && slot < outputs; slot++)
            bias.Pointer[slot] = outputBias[order.Pointer[slot]];
        kernels.SparseLanes(Arguments, x, lanes, y, stride, residual);
    }

    /// <summary>Adds dy x^T to the sums of active weights; see <see cref="SampledProduct{TVectors,TVector}"/>.</summary>
    public void AddSampled(KernelSet kernels, float* dy, float* x, int lanes) =>
        kernels.SampledLanes(Arguments, counts.Pointer, sumBegins.Pointer, dy, x, lanes, stride, sums.Pointer);

    SparseArguments Arguments => new()
    {
        Outputs = outputs,
        Starts = starts.Pointer,
        Order = order.Pointer,
        Places = places.Pointer,
        Values = values.Pointer,
        Bias = bias.Pointer,
    };

    /// <summary>Calls an action for each sum: with the weight's place in the mask, and the sum. Always in the same order.</summary>
    public void EachSum<TAction>(ref TAction action)
        where TAction : struct, ISumAction
    {
        for (int slot = 0; slot < outputs; slot++)
        {
            int* weight = weights.Pointer + starts.Pointer[slot / Group] + (slot % Group);
            float* sum = sums.Pointer + sumBegins.Pointer[slot];
            for (int k = 0; k < counts.Pointer[slot]; k++)
                action.Do(weight[k * Group], sum[k]);
        }
    }
}

/// <summary>What <see cref="SparsePattern.EachSum"/> calls.</summary>
interface ISumAction
{
    /// <param name="weight">The weight's place in the mask.</param>
    /// <param name="sum">Its sum.</param>
    void Do(int weight, float sum);
}

/// <summary>A sparse matrix of which a product over lanes is computed: see <see cref="SparseMatrix"/>.</summary>
unsafe struct SparseArguments
{
    public int Outputs;

    /// <summary>The start of each group among the weights, and the end of the last: [k][output of the group].</summary>
    public int* Starts;

    /// <summary>The outputs in the order of the groups.</summary>
    public int* Order;

    /// <summary>For each weight, the place of its input.</summary>
    public int* Places;

    public float* Values;

    /// <summary>The bias in the order of the groups.</summary>
    public float* Bias;
}
