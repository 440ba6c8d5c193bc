using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning;

/// <summary>The base of all trained models: adds columns to its input, tells how it computes, and can be saved.</summary>
public abstract class PrunedTransformer : ITransformer, IDisposable
{
    readonly ScoredModel model;

    private protected PrunedTransformer(ScoredModel model, IModelScorer scorer) => (this.model, Scorer) = (model, scorer);

    internal IModelScorer Scorer { get; }

    /// <summary>The training history; null for a model of an earlier version.</summary>
    internal ITrainingRecord? Record
    {
        get => model.History;
        set => model.History = value;
    }

    /// <summary>
    /// How each layer is computed: by a plan for this machine. For a user module or on a GPU, where LibTorch computes, only layers with
    /// many inactive weights are listed.
    /// </summary>
    public IReadOnlyList<PlanStep> Scoring => Scorer.Layers;

    /// <summary>Why no plan computes a user module, such as a layer that plans do not know; null if a plan computes the model.</summary>
    public string? PlanFailure => Scorer.PlanFailure;

    /// <summary>Measures how fast the model scores on one thread. Takes some tenths of a second, and is recorded in the history.</summary>
    public ScoringSpeed MeasureScoring()
    {
        var speed = Scorer.Measure();
        lock (Scorer) // reading the history replaces the record
            Record?.Measured(speed);
        return speed;
    }

    /// <summary>
    /// Uses the current weights of the TorchSharp module. Training through the module is noticed without this call; it is needed after
    /// weights were written in another way.
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
        return PipelineStep.View(model.Owner, Bind(input.Schema), Scorer, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ScoreMapper(Bind(inputSchema), Scorer);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Loaders.Save(ctx, model.Loader, WriteTo);
    }

    /// <summary>Writes the model without a pipeline around it, for <c>ReadFrom</c>.</summary>
    /// <param name="stream">The stream; left open.</param>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Scorer.ThrowIfDisposed();
        model.Write(stream, Scorer.Network);
    }

    /// <summary>Frees the network's module, if there is one. Transformed data that was not read yet can no longer be read.</summary>
    public void Dispose() => Scorer.Dispose();

    /// <summary>The network as it is now.</summary>
    /// <exception cref="NotSupportedException">It is a module that plans cannot compute.</exception>
    internal (NetworkDescription Description, NetworkWeights Weights) Describe()
    {
        var network = Scorer.Network;
        var description = model.Describe(network) ?? throw new NotSupportedException(
            $"{model.What} is a module of the user's own code that no plan computes: {SavedNetwork.WhyNoPlan(network)}");
        return (description, SavedNetwork.Tensors(network, model.What));
    }

    /// <summary>The column that the model reads; for tokens, the first of three.</summary>
    internal string ReadColumnName => model.ReadColumnName;

    internal ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return model.Bind(input);
    }
}
