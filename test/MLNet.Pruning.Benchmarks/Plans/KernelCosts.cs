using System.Diagnostics;
using System.Globalization;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Benchmarks;

/// <summary>
/// What kernels take: the parts of a transformer's block, and how much a sparse weight costs beside a dense one, which is where the
/// rule's table is from.
/// </summary>
static unsafe class KernelCosts
{
    static readonly KernelSet Kernels = KernelSet.Here;

    public static void Run(string[] args)
    {
        Subject.WriteModels();
        Parts();
        foreach (var subject in PlanScoring.Measured)
        {
            var plan = subject.Plan();
            float[] row = new float[plan.InputWidth], scores = new float[plan.OutputWidth];
            row.AsSpan().Fill(0.3f);
            Print($"a row of {subject.Name}", () => plan.Score(row, scores));
        }
        Console.WriteLine($"\nCost of a sparse weight in dense weights; vectors of {Kernels.Lanes}");
        foreach (var (inputs, outputs) in Shapes)
        {
            foreach (double density in (double[])[0.05, 0.2, 0.5])
            {
                var weights = Weights(outputs, inputs, density);
                string costs = string.Join("", ((int[])[1, 64]).Select(rows =>
                    $"  rows {rows}: {Rows(weights, rows, true) / Rows(weights, rows, false) / density,5:F2}"));
                costs += string.Join("", ((int[])[8, 64]).Select(lanes =>
                    $"  lanes {lanes}: {Lanes(weights, lanes, true) / Lanes(weights, lanes, false) / density,5:F2}"));
                double slots = (double)ShuffleMatrix.CountSlots(weights.Weight, outputs, Kernels.Lanes, Math.Max(1, Kernels.Window))
                    / weights.Weight.Length;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"  {inputs,5} -> {outputs,4}, {density,4:P0} active: {costs}  slots of a shuffle {slots:F2}"));
            }
        }
        Console.WriteLine("\nTime of patterns, in that of all weights by the dense kernel: a row, 8 rows, 64 rows");
        foreach (var (inputs, outputs) in Shapes)
        {
            LinearWeights all = Weights(outputs, inputs, 1), pattern = TwoOfFour(outputs, inputs);
            Patterns("2:4", pattern, sparse: true);
            foreach (double density in (double[])[0.3, 0.5])
                Patterns($"{density:P0} of blocks of {Kernels.BlockWidth}", InBlocks(outputs, inputs, Kernels.BlockWidth, density),
                    sparse: false);
            Patterns("int8", all, sparse: false, ScoringPrecision.Int8);
            pattern = InBlocks(outputs, inputs, KernelRule.LaneBlock, 0.3);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {inputs,5} -> {outputs,4}, 30 % of blocks of 8, 64 lanes: {Lanes(pattern, 64, false) / Lanes(all, 64, false):F2}"));

            void Patterns(string name, LinearWeights weights, bool sparse, ScoringPrecision precision = ScoringPrecision.Float) =>
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {inputs,5} -> {outputs,4}, {name}:") + string.Join("",
                    ((int[])[1, 8, 64]).Select(rows => string.Create(CultureInfo.InvariantCulture,
                    $"  {Rows(weights, rows, sparse, precision) / Rows(all, rows, false):F2}"))));
        }
    }

    static readonly (int Inputs, int Outputs)[] Shapes = [(64, 192), (128, 64), (784, 50), (256, 128), (2048, 256)];

    /// <summary>Of every four inputs of an output, two are active.</summary>
    static LinearWeights TwoOfFour(int outputs, int inputs)
    {
        var (weights, random) = (Values(outputs, inputs, 1), new Random(3));
        for (int four = 0; four < weights.Length / 4; four++)
        {
            int one = random.Next(4), other = (one + 1 + random.Next(3)) % 4;
            weights[(4 * four) + one] = weights[(4 * four) + other] = 0;
        }
        return Layer(weights, outputs);
    }

    /// <summary>Blocks of some outputs by one input are zeros or not.</summary>
    static LinearWeights InBlocks(int outputs, int inputs, int size, double density)
    {
        var (weights, random) = (Values(outputs, inputs, 1), new Random(3));
        for (int first = 0; first < outputs; first += size)
        {
            for (int input = 0; input < inputs; input++)
            {
                bool zero = random.NextDouble() >= density;
                for (int output = first; zero && output < Math.Min(outputs, first + size); output++)
                    weights[(output * inputs) + input] = 0;
            }
        }
        return Layer(weights, outputs);
    }

    /// <summary>Eight tokens of 64 values, four heads of 16, 128 hidden neurons.</summary>
    static void Parts()
    {
        AlignedBuffer<float> x = Numbers(8 * 64), y = new(8 * 64), queries = new(64 * 8), qkv = Numbers(8 * 208), mixed = new(16 * 8),
            hidden = Numbers(8 * 128);
        var narrow = Kernels.Narrowed(8);
        Print("norm", () => Kernels.NormalizeRows(x.Pointer, 8, 64, 64, y.Pointer, 1e-5f));
        foreach (var (inputs, outputs) in ((int, int)[])[(64, 192), (64, 64), (64, 128), (128, 64)])
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {inputs} -> {outputs}: {Rows(Weights(outputs, inputs, 1), 8, false):F3} us"));
        Print("gelu", () => Kernels.Activate(Activation.Gelu, hidden.Pointer, 8 * 128));
        Print("queries to lanes", () => Transposition.Transpose(qkv.Pointer, 8, 64, 208, queries.Pointer, 8));
        Print("attention of a head", () => narrow.AttendFew(queries.Pointer, 8, qkv.Pointer + 64, qkv.Pointer + 128, 1, 208, null, 8, 16,
            mixed.Pointer));
        Print("norm in lanes", () => narrow.NormalizeLanes(x.Pointer, 8, 64, 8, y.Pointer, 1e-5f));
        foreach (var (inputs, outputs) in ((int, int)[])[(64, 192), (64, 64), (64, 128), (128, 64)])
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {inputs} -> {outputs}, 20 % active: {Lanes(Weights(outputs, inputs, 0.2), 8, true):F3} us"));
    }

    static LinearWeights Weights(int outputs, int inputs, double density) => Layer(Values(outputs, inputs, density), outputs);

    static LinearWeights Layer(float[] weights, int outputs) => new("layer", weights, new float[outputs]);

    static float[] Values(int outputs, int inputs, double density)
    {
        var random = new Random(1);
        float[] weights = new float[outputs * inputs];
        foreach (ref float weight in weights.AsSpan())
            weight = random.NextDouble() < density ? random.NextSingle() - 0.5f : 0;
        return weights;
    }

    static AlignedBuffer<float> Numbers(int count)
    {
        var random = new Random(2);
        var values = new AlignedBuffer<float>(count);
        foreach (ref float value in values.Span)
            value = random.NextSingle() - 0.5f;
        return values;
    }

    static double Rows(LinearWeights weights, int rows, bool sparse, ScoringPrecision precision = ScoringPrecision.Float)
    {
        var layer = new LinearLayer(Kernels, weights, sparse, 64, precision);
        AlignedBuffer<float> x = Numbers(rows * weights.Inputs), y = new(rows * Kernels.Padded(weights.Outputs)),
            scratch = new(layer.Scratch);
        return Best(() => layer.Compute(x.Pointer, rows, weights.Inputs, y.Pointer, Kernels.Padded(weights.Outputs), scratch.Pointer));
    }

    static double Lanes(LinearWeights weights, int lanes, bool sparse)
    {
        var layer = new LaneLayer(Kernels, weights, sparse ? KernelChoice.Sparse : KernelChoice.Dense, i => i * lanes);
        AlignedBuffer<float> x = Numbers(weights.Inputs * lanes), y = new(weights.Outputs * lanes);
        var vectors = Kernels.Narrowed(lanes);
        return Best(() => layer.Compute(vectors, 0, x.Pointer, lanes, y.Pointer, lanes));
    }

    static void Print(string what, Action action) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {Best(action):F3} us"));

    /// <summary>Microseconds, the best of many: whatever else runs only adds to it.</summary>
    static double Best(Action action)
    {
        for (int i = 0; i < 20; i++)
            action();
        long began = Stopwatch.GetTimestamp();
        action();
        int repeats = (int)Math.Clamp(100 / Math.Max(0.05, Stopwatch.GetElapsedTime(began).TotalMicroseconds), 1, 400);
        double best = double.PositiveInfinity;
        for (int round = 0; round < 300; round++)
        {
            began = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
                action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds / repeats);
        }
        return best;
    }
}
