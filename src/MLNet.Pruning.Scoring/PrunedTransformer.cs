using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>What all trained models are in ML.NET: they add columns to their input, tell how they compute, and can be saved.</summary>
public abstract class PrunedTransformer : ITransformer, IDisposable
{
    readonly ScoredModel model;

    private protected PrunedTransformer(ScoredModel model, IModelScorer scorer) => (this.model, Scorer) = (model, scorer);

    internal IModelScorer Scorer { get; }

    /// <summary>The record of the training, whoever trained it; null for a model that was loaded.</summary>
    internal object? Training { get; set; }

    /// <summary>Told of every measurement.</summary>
    internal Action<ScoringSpeed>? Measured { get; set; }

    /// <summary>
    /// How layers are computed: by a plan for this machine, or, of a module of your own or on a GPU, by LibTorch; then only layers stand
    /// here that have many inactive weights.
    /// </summary>
    public IReadOnlyList<PlanStep> Scoring => Scorer.Layers;

    /// <summary>Why no plan computes a module of your own, such as a layer that plans do not know; null where a plan does.</summary>
    public string? PlanFailure => Scorer.PlanFailure;

    /// <summary>Measures how fast the model scores on one thread, in some tenths of a second; the history has it from here on.</summary>
    public ScoringSpeed MeasureScoring()
    {
        var speed = Scorer.Measure();
        Measured?.Invoke(speed);
        return speed;
    }

    /// <summary>
    /// Scores by the weights that the module in TorchSharp has now, where it was asked for. A module that learns further is followed
    /// without it; it is for weights that were written in another way.
    /// </summary>
    public void Refresh() => Scorer.Refresh();

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <inheritdoc/>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredView(Bind(input.Schema), Scorer, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ScoreMapper(Bind(inputSchema), Scorer);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Loaders.Save(ctx, model.Loader, WriteTo);
    }

    /// <summary>Writes the model, without any pipeline around it, for <c>ReadFrom</c>.</summary>
    /// <param name="stream">Where to; left open.</param>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Scorer.ThrowIfDisposed();
        model.Write(stream, Scorer.Network);
    }

    /// <summary>Frees the network's module, where there is one. What was transformed but not read yet cannot be read any more.</summary>
    public void Dispose() => Scorer.Dispose();

    /// <summary>The network as it is now.</summary>
    /// <exception cref="NotSupportedException">It is a module that plans cannot compute.</exception>
    internal (NetworkDescription Description, NetworkWeights Weights) Describe()
    {
        var network = Scorer.Network;
        var description = model.Describe(network) ?? throw new NotSupportedException(
            $"{model.What} is a module of the user's own code that no plan computes: {PlanFailure ?? SavedNetwork.OldModule}");
        return (description, SavedNetwork.Tensors(network, model.What));
    }

    /// <summary>The column that the model reads; of tokens the first of three.</summary>
    internal string ReadColumnName => model.ReadColumnName;

    /// <summary>The model's place in a schema.</summary>
    internal ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return model.Bind(input);
    }
}
