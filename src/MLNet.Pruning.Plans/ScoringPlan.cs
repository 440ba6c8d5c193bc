using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Networks;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans;

/// <summary>
/// A trained network compiled for this machine. Immutable and thread-safe; a call allocates nothing once as many calls have run in
/// parallel before. A row has the same scores, bit for bit, alone and in any batch, on any number of threads, and in every run.
/// </summary>
public sealed unsafe class ScoringPlan
{
    readonly Network network;
    readonly KernelSet kernels;
    readonly WorkspacePool workspaces;
    readonly ParallelScoring parallel;
    readonly bool looksForNaN;

    ScoringPlan(NetworkDescription description, Network network, KernelSet kernels, IReadOnlyList<string> labels)
    {
        Labels = labels;
        (Description, this.network, this.kernels) = (description, network, kernels);
        workspaces = new(network.NewWorkspace);
        looksForNaN = !network.SpreadsNaN;
        parallel = new(ScoreRows, network.InputWidth, network.OutputWidth);
        Steps = [.. network.Steps];
    }

    /// <summary>Compiles a network.</summary>
    /// <param name="description">The structure of the network.</param>
    /// <param name="weights">Its weights; copied.</param>
    /// <param name="output">What a classifier returns; null for probabilities of several classes, and for the number itself of a network
    /// with one output, which may be that of a regressor. An autoencoder always returns its latents, the reconstruction and the loss,
    /// one after the other.</param>
    /// <exception cref="ArgumentException">The description is wrong, or weights are missing or of another shape.</exception>
    public static ScoringPlan Compile(NetworkDescription description, NetworkWeights weights, ScoringOutput? output = null) =>
        Compile(description, weights, output, ScoringPrecision.Float);

    /// <summary>Compiles a network.</summary>
    /// <param name="description">The structure of the network.</param>
    /// <param name="weights">Its weights; copied.</param>
    /// <param name="output">What a classifier returns; null for probabilities of several classes, and for the number itself of a network
    /// with one output, which may be that of a regressor.</param>
    /// <param name="precision">The precision of linear layers.</param>
    /// <exception cref="ArgumentException">The description is wrong, or weights are missing or of another shape.</exception>
    public static ScoringPlan Compile(
        NetworkDescription description, NetworkWeights weights, ScoringOutput? output, ScoringPrecision precision) =>
        Compile(description, weights, new CompileOptions(KernelSet.Here, KernelChoice.Rule, output, precision));

    internal static ScoringPlan Compile(NetworkDescription description, NetworkWeights weights, CompileOptions options,
        params IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weights);
        description.Validate();
        Network network;
        try
        {
            network = description switch
            {
                FeedForwardDescription feedForward => new FeedForwardNetwork(feedForward, weights, options),
                ConvNetDescription convNet => new ConvNetwork(convNet, weights, options),
                VaeDescription vae => new VaeNetwork(vae, weights, options),
                VitDescription vit => new VitNetwork(vit, weights, options),
                GraphDescription graph => new GraphNetwork(graph, weights, options),
                _ => throw new ArgumentException($"There is no plan for a {description.GetType().Name}.", nameof(description)),
            };
        }
        catch (OverflowException e)
        {
            throw new ArgumentException("The network needs more numbers at once than there can be.", nameof(description), e);
        }
        if (labels.Count > 0 && labels.Count != network.OutputWidth)
            throw new ArgumentException($"There are {labels.Count} labels for {network.OutputWidth} classes.", nameof(labels));
        return new(description, network, options.Kernels, labels);
    }

    /// <summary>
    /// Loads the network of a file that <c>mlContext.Model.Save</c>, a transformer's <c>WriteTo</c> or Core's <c>ModelFile.Save</c> wrote.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="output">What a classifier returns; null for probabilities. A regressor always returns the number that it predicts, and
    /// by default so does a model of one output that no trainer of ML.NET saved.</param>
    /// <param name="precision">The precision of linear layers.</param>
    /// <exception cref="InvalidDataException">The file is damaged, has no network that a plan can compute, or has several.</exception>
    public static ScoringPlan Load(string path, ScoringOutput? output = null,
        ScoringPrecision precision = ScoringPrecision.Float)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        return Load(stream, $"'{path}'", output, precision);
    }

    /// <summary>
    /// Loads the network of a stream. From a pipeline in a model.zip it takes the network, and the <c>MergeTokens</c> before it if images
    /// are not padded; other steps are left out.
    /// </summary>
    /// <param name="stream">The stream, at its start; left open.</param>
    /// <param name="output">What a classifier returns; null for probabilities. A regressor always returns the number that it predicts, and
    /// by default so does a model of one output that no trainer of ML.NET saved.</param>
    /// <param name="precision">The precision of linear layers.</param>
    /// <exception cref="InvalidDataException">The stream is damaged, has no network that a plan can compute, or has several.</exception>
    public static ScoringPlan Load(Stream stream, ScoringOutput? output = null,
        ScoringPrecision precision = ScoringPrecision.Float)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Load(stream, "The model", output, precision);
    }

    static ScoringPlan Load(Stream stream, string what, ScoringOutput? output, ScoringPrecision precision) =>
        SavedNetwork.Read(stream, what, saved => Compile(saved, what, output, precision));

    static ScoringPlan Compile(SavedNetwork saved, string what, ScoringOutput? output, ScoringPrecision precision)
    {
        try
        {
            output = saved.Kind switch
            {
                SavedNetwork.Regressor => ScoringOutput.Logits,
                SavedNetwork.BinaryClassifier => output ?? ScoringOutput.Probabilities,
                _ => output,
            };
            return Compile(saved.Description, saved.Weights, new(KernelSet.Here, KernelChoice.Rule, output, precision), saved.Labels);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{what} has a network that does not fit together: {e.Message}", e);
        }
    }

    /// <summary>The names of the classes in the order of the scores; empty if no file has given them.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The structure of the network.</summary>
    public NetworkDescription Description { get; }

    /// <summary>How each layer is computed, in order.</summary>
    public IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>The number of input values per row.</summary>
    public int InputWidth => network.InputWidth;

    /// <summary>The number of scores per row.</summary>
    public int OutputWidth => network.OutputWidth;

    /// <summary>Scores rows. A row with a NaN gets NaN for all of its scores.</summary>
    /// <param name="rows">Rows of <see cref="InputWidth"/> numbers, one after the other.</param>
    /// <param name="scores">Written: <see cref="OutputWidth"/> numbers for each row.</param>
    /// <param name="threads">The maximum number of threads, including this one; 0 for one per core.</param>
    /// <exception cref="ArgumentException">The lengths are wrong.</exception>
    public void Score(ReadOnlySpan<float> rows, Span<float> scores, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        int count = rows.Length / InputWidth;
        if (rows.Length != (long)count * InputWidth)
            throw new ArgumentException($"There are {rows.Length} numbers; wanted a multiple of {InputWidth}, a row's.", nameof(rows));
        if (scores.Length != (long)count * OutputWidth)
            throw new ArgumentException($"There is room for {scores.Length} scores; {count} rows have {(long)count * OutputWidth}.",
                nameof(scores));
        fixed (float* from = rows, to = scores)
        {
            int blocks = (count + network.BlockRows - 1) / network.BlockRows;
            int used = Math.Min(threads == 0 ? Environment.ProcessorCount : threads, blocks);
            if (used > 1)
                parallel.Run(from, count, network.BlockRows, to, used);
            else
                ScoreRows(from, count, to);
        }
    }

    void ScoreRows(float* rows, int count, float* scores)
    {
        var workspace = workspaces.Take();
        for (int done = 0; done < count;)
        {
            int block = Math.Min(network.BlockRows, count - done);
            network.Score(workspace, rows, block, scores);
            for (int row = 0; looksForNaN && row < block; row++)
            {
                if (kernels.HasNaN(rows + ((long)row * InputWidth), InputWidth))
                    new Span<float>(scores + ((long)row * OutputWidth), OutputWidth).Fill(float.NaN);
            }
            rows += (long)block * InputWidth;
            scores += (long)block * OutputWidth;
            done += block;
        }
        workspaces.Give(workspace);
    }
}

/// <summary>What the plan of a classifier returns for each class.</summary>
public enum ScoringOutput
{
    /// <summary>Probabilities: the softmax of the logits; of a single logit, as a binary classifier has it, the sigmoid.</summary>
    Probabilities,

    /// <summary>The logits, or the number that a regressor predicts, as the network computes them.</summary>
    Logits,
}
