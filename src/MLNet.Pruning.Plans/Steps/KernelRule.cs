using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>How layers are computed.</summary>
enum KernelChoice
{
    /// <summary>By <see cref="KernelRule"/>.</summary>
    Rule,

    /// <summary>With all weights, except whole blocks of zeros.</summary>
    Dense,

    /// <summary>With active weights only.</summary>
    Sparse,
}

/// <summary>What a network is compiled from, beside its description and its weights.</summary>
sealed record CompileOptions(
    KernelSet Kernels, KernelChoice Choice, ScoringOutput? Output, ScoringPrecision Precision = ScoringPrecision.Float)
{
    /// <summary>What a network returns; one number may be any, so that it is returned as it is if nothing else is asked for.</summary>
    public ScoringOutput For(int outputs) => Output ?? (outputs == 1 ? ScoringOutput.Logits : ScoringOutput.Probabilities);
}

/// <summary>
/// Chooses the kernel of a layer by its shape, its density and the machine's vectors. Costs are in units of a weight of the dense kernel,
/// and the sparse kernel is used if it costs less. Nothing is measured when a plan is compiled.
/// </summary>
/// <remarks>
/// Rounded measurements by <c>bench.sh kernels</c>, unless the table says estimated; all on one processor with AVX-512 (Emerald Rapids).
/// For 256 and 128 bits, wider vectors were disabled (DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0): processors that lack them may differ.
/// | what | 512 bits | 256 bits | 128 bits |
/// |---|---|---|---|
/// | a sparse weight, many rows | 2.4 | 2.2 | 1.4 |
/// | turning a number of these rows into lanes, or back | 33 | 15 | 6 |
/// | a sparse weight, a single row, small layers | 8 | 6 | 4.5 |
/// | the same, layers that leave the second-level cache | 4 | 3.7 | 3 |
/// | a slot of a shuffle (a weight, or a zero beside weights of other outputs), many rows | 2.1 | 2.1 | - |
/// | the same, a single row, small layers; and those that leave the second-level cache | 2.1; 1.3 | 4.2; 1.7 | - |
/// | a weight of 16 outputs (128 bits: 8) that are not all zero for an input, many rows | 1.4 | 1.15 | 1.15 |
/// | the same, a single row, small layers; and those that leave the second-level cache | 3.5; 1.4 | 3.3; 1.5 | 3.8; 2.0 |
/// | a weight of 8 outputs that are not all zero for an input, lanes | 1.15 | 1.15 | 1.15 |
/// | a weight of 8 bits, a single row's and many rows' taken together | 0.6 | 0.6 | - |
/// | a sparse weight, lanes | 1.8 | 1.7 | 1.25 |
/// | the same, lanes that fill half a vector | 5.2 | 2.6 | - |
/// | the same beside dense weights over rows | 2.4 | 2.0 | estimated: 1.8 |
/// | a dense weight over lanes beside one over rows | 1.5 | estimated: 1.2 | estimated: 1.1 |
/// | training, 64 to 200 lanes: a sparse weight | 2.3 | 1.9 | 1.8 |
/// | a dense weight | 1.06 | 1 | 1 |
/// | the gradient of an active weight | 2.5 | 1.7 | 1.2 |
/// | turning a number of these rows into lanes, or back | 9 | 6 | 3 |
/// </remarks>
static class KernelRule
{
    /// <param name="Many">Many rows.</param>
    /// <param name="Single">A single row of a small layer.</param>
    /// <param name="LargeSingle">A single row of one that leaves the second-level cache.</param>
    readonly record struct Rows(double Many, double Single, double LargeSingle);

    readonly record struct Lanes(double Full, double Half, double BesideRows, double Dense, double Blocks);

    /// <param name="Sparse">A sparse weight over the lanes of many rows.</param>
    /// <param name="Dense">A dense weight over them.</param>
    /// <param name="Sampled">The gradient of an active weight.</param>
    /// <param name="Turning">Turning a number of many rows into lanes, or back.</param>
    readonly record struct Training(double Sparse, double Dense, double Sampled, double Turning);

    readonly record struct Costs(Rows Sparse, double Turning, Rows Shuffle, Rows Blocks, Lanes Lanes, Training Training);

    static readonly Costs
        Widest = new(
            new(2.4, 8, 4), 33, new(2.1, 2.1, 1.3), new(1.4, 3.5, 1.4), new(1.8, 5.2, 2.4, 1.5, 1.15), new(2.3, 1.06, 2.5, 9)),
        Wide = new(
            new(2.2, 6, 3.7), 15, new(2.1, 4.2, 1.7), new(1.15, 3.3, 1.5), new(1.7, 2.6, 2.0, 1.2, 1.15), new(1.9, 1, 1.7, 6)),
        Portable = new(new(1.4, 4.5, 3), 6, default, new(1.15, 3.8, 2.0), new(1.25, 0, 1.8, 1.1, 1.15), new(1.8, 1, 1.2, 3));

    // With fewer inputs or outputs, rounding the inputs costs more than the integers gain. Int8Cost is the cost of an 8-bit weight, as a
    // mean of single rows and many rows.
    const int MinimumInt8Inputs = 256, MinimumInt8Outputs = 32;
    const double Int8Cost = 0.6;

    // The sum of this many products of 127 * 127, with its initial value, fits into 32 bits.
    const int MaximumInt8Inputs = 1 << 16;

    // Smaller layers take a microsecond in either form.
    const int MinimumWeights = 1024;

    /// <summary>The outputs of a block of weights for products over lanes; a block is skipped if all of its weights are 0.</summary>
    public const int LaneBlock = 8;

    // One megabyte of dense weights, and eight.
    const int LargeLayer = 1 << 18, HugeLayer = 1 << 21;

    static Costs Of(KernelSet kernels) => kernels.Lanes switch { 16 => Widest, 8 => Wide, _ => Portable };

    /// <summary>Whether a layer over rows is sparse; single rows and many rows have equal weight.</summary>
    public static bool SparseRows(
        LinearWeights weights, KernelSet kernels, KernelChoice choice, ScoringPrecision precision = ScoringPrecision.Float)
    {
        if (choice != KernelChoice.Rule)
            return choice == KernelChoice.Sparse;
        double single = Math.Min(Gathered(weights, kernels), Shuffled(weights, kernels, One(weights, Of(kernels).Shuffle)));
        double many = Math.Min(Turned(weights, kernels), Shuffled(weights, kernels, Of(kernels).Shuffle.Many));
        return weights.Weight.Length >= MinimumWeights && many + single
            < Math.Min(InIntegers(weights, kernels, precision) ? 2 * Int8Cost : 2, BlocksOfRows(weights, kernels));
    }

    /// <summary>Whether a dense layer over rows is computed in integers.</summary>
    public static bool InIntegers(LinearWeights weights, KernelSet kernels, ScoringPrecision precision) =>
        precision == ScoringPrecision.Int8 && kernels.Lanes >= 8 && Int8Product.IsSupported
            && weights.Inputs is >= MinimumInt8Inputs and <= MaximumInt8Inputs && weights.Outputs >= MinimumInt8Outputs
                && 2 * Int8Cost < BlocksOfRows(weights, kernels);

    /// <summary>Whether a dense layer over rows skips blocks of zeros.</summary>
    public static bool SkipsBlocksOfRows(LinearWeights weights, KernelSet kernels) =>
        weights.Weight.Length >= MinimumWeights && BlocksOfRows(weights, kernels) < 2;

    /// <summary>The same over lanes.</summary>
    public static bool SkipsBlocksOfLanes(LinearWeights weights, KernelSet kernels) =>
        weights.Weight.Length >= MinimumWeights && BlocksOfLanes(weights, kernels) < 1;

    /// <summary>The cost for a single row plus the cost for many rows.</summary>
    static double BlocksOfRows(LinearWeights weights, KernelSet kernels) =>
        (One(weights, Of(kernels).Blocks) + Of(kernels).Blocks.Many) * Blocks(weights, kernels.BlockWidth);

    static double BlocksOfLanes(LinearWeights weights, KernelSet kernels) => Of(kernels).Lanes.Blocks * Blocks(weights, LaneBlock);

    /// <summary>The fraction of blocks that are not zero; layers without a zero are not searched for them.</summary>
    static double Blocks(LinearWeights weights, int size) =>
        weights.IsFull ? 1 : ZeroBlocks.Density(weights.Weight, weights.Outputs, size);

    /// <summary>Whether a sparse layer computes few rows by shuffles, and whether it always does.</summary>
    public static bool Shuffles(LinearWeights weights, KernelSet kernels, out bool always)
    {
        always = Shuffled(weights, kernels, Of(kernels).Shuffle.Many) <= Turned(weights, kernels);
        // A row of a huge layer waits for memory: 5 bytes per slot, 8 per weight.
        if (weights.Weight.Length >= HugeLayer && kernels.Window > 0)
            return Shuffled(weights, kernels, slot: 5) < 8 * weights.Density;
        return Shuffled(weights, kernels, One(weights, Of(kernels).Shuffle)) < Gathered(weights, kernels);
    }

    /// <summary>The cost of a single row with gather instructions.</summary>
    static double Gathered(LinearWeights weights, KernelSet kernels) =>
        weights.Density * One(weights, Of(kernels).Sparse);

    /// <summary>The cost of many rows in lanes.</summary>
    static double Turned(LinearWeights weights, KernelSet kernels) => (weights.Density * Of(kernels).Sparse.Many)
        + (Of(kernels).Turning / weights.Outputs) + (Of(kernels).Turning / weights.Inputs);

    static double Shuffled(LinearWeights weights, KernelSet kernels, double slot) => kernels.Window == 0 ? double.PositiveInfinity
        : slot * Slots(weights, kernels) / weights.Weight.Length;

    static long Slots(LinearWeights weights, KernelSet kernels) => weights.IsFull
        ? (long)(weights.Outputs + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes * weights.Inputs
        : ShuffleMatrix.CountSlots(weights.Weight, weights.Outputs, kernels.Lanes, kernels.Window);

    static double One(LinearWeights weights, Rows costs) => weights.Weight.Length >= LargeLayer ? costs.LargeSingle : costs.Single;

    /// <summary>Whether a layer over lanes (tokens or pixels) is sparse.</summary>
    public static bool SparseLanes(LinearWeights weights, KernelSet kernels, KernelChoice choice) => choice switch
    {
        KernelChoice.Dense => false,
        KernelChoice.Sparse => true,
        _ => weights.Density * Of(kernels).Lanes.Full < Math.Min(1, BlocksOfLanes(weights, kernels)),
    };

    /// <summary>Whether tokens are in lanes in all blocks of a transformer, because all layers together are cheaper that way.</summary>
    public static bool TokensInLanes(
        IEnumerable<LinearWeights> layers, KernelSet kernels, KernelChoice choice, ScoringPrecision precision)
    {
        if (choice != KernelChoice.Rule)
            return choice == KernelChoice.Sparse;
        var costs = Of(kernels);
        double rows = 0, lanes = 0;
        foreach (var layer in layers)
        {
            rows += layer.Weight.Length * Math.Min(InIntegers(layer, kernels, precision) ? Int8Cost : 1, BlocksOfRows(layer, kernels) / 2);
            lanes += layer.Weight.Length * (SparseLanes(layer, kernels, choice) ? layer.Density * costs.Lanes.BesideRows
                : costs.Lanes.Dense);
        }
        return lanes < rows;
    }

    /// <summary>Whether a layer that trains over lanes multiplies with active weights only.</summary>
    public static bool SparseTraining(double density, KernelSet kernels) =>
        density * Of(kernels).Training.Sparse < Of(kernels).Training.Dense;

    /// <summary>What a row costs a layer that trains over lanes. A dense layer over rows costs 1 for each weight and product.</summary>
    /// <param name="outputs">The number of outputs.</param>
    /// <param name="inputs">The number of inputs.</param>
    /// <param name="density">The fraction of active weights.</param>
    /// <param name="activeOnly">Whether only active weights get a gradient.</param>
    /// <param name="passes">The products with weights: 1 if the inputs get no gradient, otherwise 2.</param>
    /// <param name="kernels">The kernels.</param>
    public static double TrainingInLanes(int outputs, int inputs, double density, bool activeOnly, int passes, KernelSet kernels)
    {
        var costs = Of(kernels);
        bool sparse = SparseTraining(density, kernels);
        double product = sparse ? density * costs.Training.Sparse : costs.Training.Dense;
        double gradient = sparse && activeOnly ? density * costs.Training.Sampled : 1 + (costs.Training.Turning / outputs);
        return (double)outputs * inputs * ((passes * product) + gradient);
    }

    /// <summary>What turning a row's numbers into lanes or back costs, in the same unit.</summary>
    public static double TurningForTraining(int numbers, KernelSet kernels) => numbers * Of(kernels).Training.Turning;

    /// <summary>
    /// Whether few tokens of a single image stay in rows and use shuffles, if tokens of several images are in lanes: they would leave half
    /// of the lanes empty.
    /// </summary>
    public static bool TokensOfOneInRows(IReadOnlyList<LinearWeights> layers, int tokens, KernelSet kernels, KernelChoice choice)
    {
        if (kernels.Window == 0 || tokens > kernels.Lanes / 2 || !layers.All(layer => SparseLanes(layer, kernels, choice)))
            return false;
        double rows = layers.Sum(layer => layer.Weight.Length * Shuffled(layer, kernels, Of(kernels).Shuffle.Many));
        double lanes = layers.Sum(layer => layer.Weight.Length * layer.Density * Of(kernels).Lanes.Half);
        return choice == KernelChoice.Sparse || rows < lanes;
    }
}
