using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The observers of a criterion on all replicas of a run, registered until this is disposed of.</summary>
sealed class Observation : IDisposable
{
    readonly List<IImportanceObserver> observers = [];

    /// <param name="importance">The criterion.</param>
    /// <param name="map">The neurons of the model, which is the first replica; its groups are observed.</param>
    /// <param name="replicas">The model and its copies.</param>
    /// <param name="forward">Runs one of them.</param>
    public Observation(IImportance importance, NeuronMap map, IReadOnlyList<nn.Module> replicas, Func<nn.Module, Tensor,
        IReadOnlyList<Tensor>> forward)
    {
        try
        {
            foreach (var replica in replicas)
                observers.Add(importance.Watch(observers.Count == 0 ? map : map.For(replica, input => forward(replica, input)),
                    Math.Max(1, Environment.ProcessorCount / replicas.Count)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <param name="batches">The rows of each replica.</param>
    /// <param name="rows">All rows of the step.</param>
    public void AfterBackward(IReadOnlyList<Batch> batches, int rows)
    {
        for (var i = 0; i < batches.Count; i++)
            observers[i].AfterBackward(batches[i], rows);
    }

    /// <summary>The combined scores, always added in the order of the replicas.</summary>
    public IReadOnlyList<double[]> Scores()
    {
        foreach (var other in observers.Skip(1))
            observers[0].Add(other);
        return observers[0].Scores();
    }

    public void Dispose()
    {
        foreach (var observer in observers)
            observer.Dispose();
        observers.Clear();
    }
}
