namespace MLNet.Pruning;

/// <summary>
/// A criterion: scores the neurons of a model's groups; larger stays. It is a value without state, so that one criterion can serve
/// several runs; observers keep what they see.
/// </summary>
public interface IImportance
{
    /// <summary>Whether observers must see training batches before they can score; if not, the weights suffice.</summary>
    bool NeedsData { get; }

    /// <summary>
    /// Whether observers read the gradients of parameters. In training they are always there; <see cref="NeuronScores"/> computes them, and
    /// asks for an objective, only where this is true.
    /// </summary>
    bool NeedsParameterGradients => false;

    /// <summary>
    /// Starts watching one instance of a model, such as a replica, until the observer is disposed of; registers what forward hooks it needs
    /// on the layers of the map's groups. Call it while the instance does not compute, and again after neurons were removed.
    /// </summary>
    /// <param name="map">The groups of that instance (<see cref="NeuronMap.For"/>); in a run, those that may be pruned.</param>
    /// <param name="threads">How many threads an observer may use at a time; 1 where several replicas compute side by side.</param>
    IImportanceObserver Watch(NeuronMap map, int threads = 1);

    /// <summary>Refuses groups that the criterion cannot score, before any training starts. Their scores would be NaN.</summary>
    /// <param name="groups">The groups that are to be pruned.</param>
    /// <exception cref="NotSupportedException">A group, which is named, lacks what the criterion goes by.</exception>
    void Check(IEnumerable<NeuronGroup> groups) { }

    /// <summary>
    /// Adds the criterion's own term to the gradients, such as network slimming's L1 penalty. Called after backward in every training step
    /// until the last pruning event; the steps after it fine-tune the smaller network without it.
    /// </summary>
    /// <param name="groups">The groups that are to be pruned, of the model that the optimizer steps.</param>
    void Regularize(IEnumerable<NeuronGroup> groups) { }
}

/// <summary>
/// Collects what a criterion needs to know of one instance of a model. One thread at a time uses it: the replica's in forward hooks,
/// otherwise the loop's. It observes forward passes that record gradients, and ignores those under <c>no_grad</c>, such as validation.
/// </summary>
public interface IImportanceObserver : IDisposable
{
    /// <summary>
    /// A batch has gone forward on this instance and, in training or where there is an objective, backward. Called while no replica
    /// computes, before gradients are cleared.
    /// </summary>
    /// <param name="batch">The rows that this instance computed.</param>
    /// <param name="rowsOfAll">
    /// Rows of the whole batch, over all replicas: the gradients that went back are those of the mean loss over them.
    /// </param>
    void AfterBackward(Batch batch, int rowsOfAll) { }

    /// <summary>Adds what another replica's observer has seen.</summary>
    /// <param name="other">Of the same criterion, for the same groups of the same sizes.</param>
    void Add(IImportanceObserver other);

    /// <summary>The scores so far: per group of the map, in its order, and per neuron; larger stays. Finite,
    /// but NaN for a group that <see cref="IImportance.Check"/> refuses.</summary>
    /// <exception cref="InvalidOperationException">Nothing was seen yet, or what was seen is not finite.</exception>
    IReadOnlyList<double[]> Scores();
}
