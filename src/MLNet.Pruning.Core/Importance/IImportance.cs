namespace MLNet.Pruning;

/// <summary>
/// A criterion: scores the neurons of a model's groups; larger stays. It is a value without state: what it sees is kept by observers, so
/// that one criterion can serve several runs.
/// </summary>
public interface IImportance
{
    /// <summary>Whether observers must see training batches before they can score. Without, weights alone say it, at any time.</summary>
    bool NeedsData { get; }

    /// <summary>
    /// Whether observers read the gradients of parameters. In training they are always there; <see cref="NeuronScores"/> computes them, and
    /// asks for an objective, only where this is true.
    /// </summary>
    bool NeedsParameterGradients => false;

    /// <summary>
    /// Starts watching one instance of a model, such as a replica, until the observer is disposed of; registers what forward hooks it needs
    /// on the layers of the map's groups. To be called while the instance is at rest, and anew after neurons were removed.
    /// </summary>
    /// <param name="map">The groups of that instance (<see cref="NeuronMap.For"/>); in a run, those that may be pruned.</param>
    /// <param name="threads">How many threads an observer may use at a time; 1 where several replicas compute side by side.</param>
    IImportanceObserver Watch(NeuronMap map, int threads = 1);

    /// <summary>Refuses groups that the criterion cannot score, before any training starts. Their scores would be NaN.</summary>
    /// <param name="groups">The groups that are to be pruned.</param>
    /// <exception cref="NotSupportedException">A group, which is named, lacks what the criterion goes by.</exception>
    void Check(IEnumerable<NeuronGroup> groups) { }

    /// <summary>
    /// Adds the criterion's own term to the gradients of every training step, such as network slimming's L1 penalty. Called after backward.
    /// </summary>
    /// <param name="groups">The groups that are to be pruned, of the model that the optimizer steps.</param>
    void Regularize(IEnumerable<NeuronGroup> groups) { }
}

/// <summary>
/// What a criterion has seen of one instance of a model. It is used by one thread at a time: by the replica's in forward hooks, else by the
/// loop's. It sees the forward passes that gradients are recorded for, and lets those under <c>no_grad</c>, such as validation, go by.
/// </summary>
public interface IImportanceObserver : IDisposable
{
    /// <summary>
    /// A batch has gone forward on this instance and, in training or where there is an objective, backward. Called with every replica at
    /// rest, before gradients are cleared.
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
