using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>Computes rows of numbers from rows of features; may be called from any number of threads.</summary>
interface IRowScorer
{
    /// <summary>Computes <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    void Score(ReadOnlySpan<float> features, int rows, Span<float> output);

    /// <summary>Throws if the model is disposed of: asked before rows are read on other threads, whose exceptions ML.NET wraps.</summary>
    void ThrowIfDisposed()
    {
    }
}

/// <summary>What computes a trained model, and holds its weights.</summary>
interface IModelScorer : IRowScorer, IDisposable
{
    /// <summary>The network as it is now: see <see cref="NetworkPart"/>.</summary>
    Archive Network { get; }

    /// <summary>How layers are computed.</summary>
    IReadOnlyList<PlanStep> Layers { get; }

    /// <summary>Why no plan computes the network; null where one does, or where nobody has tried.</summary>
    string? PlanFailure { get; }

    /// <summary>Measures on one thread, in some tenths of a second.</summary>
    ScoringSpeed Measure();

    /// <summary>Scores by the weights that the network's module has now, where there is one.</summary>
    void Refresh();
}

/// <summary>Makes a scorer by LibTorch; null where a plan on the CPU is to score.</summary>
delegate IModelScorer? LibTorchScoring(ScoredModel model, Archive network, IHostEnvironment environment);

/// <summary>All about a trained model but its network: the columns that it reads and adds, and how it stands in a file.</summary>
/// <param name="kind">What the file of such a model is called.</param>
/// <param name="what">What to call the model in an error.</param>
/// <param name="owner">The transformer, whose disposal ends the scoring.</param>
abstract class ScoredModel(string kind, string what, Type owner)
{
    /// <summary>What scores modules of the user's own, and on GPUs: set by MLNet.Pruning, which knows LibTorch.</summary>
    public static LibTorchScoring? LibTorch { get; set; }

    public string What => what;

    public Type Owner => owner;

    /// <summary>The column that is read; of tokens the first of three.</summary>
    public abstract string ReadColumnName { get; }

    /// <summary>Numbers computed of a row.</summary>
    public abstract int Outputs { get; }

    public abstract LoaderName Loader { get; }

    /// <summary>The parts of the model's file beside its network.</summary>
    protected abstract (string Name, byte[] Content)[] Parts { get; }

    /// <summary>A network as what plans are compiled from; null for a module of the user's own.</summary>
    /// <exception cref="InvalidDataException">The network's description has wrong values.</exception>
    public abstract NetworkDescription? Describe(Archive network);

    /// <summary>The model's place in a schema.</summary>
    public abstract ScoreBinding Bind(DataViewSchema input);

    /// <summary>Throws for rows that the model does not take.</summary>
    public virtual void Check(ReadOnlySpan<float> features)
    {
    }

    /// <summary>Makes what computes a network: a plan for those of this library on the CPU, LibTorch for all else.</summary>
    /// <exception cref="InvalidOperationException">It needs LibTorch, and MLNet.Pruning is not there.</exception>
    public IModelScorer Scorer(Archive network, IHostEnvironment environment)
    {
        bool planned = Describe(network) is not null;
        var (gpu, fallback) = MLNetInternals.Settings(environment);
        // LibTorch is loaded only where it is to compute.
        if (planned && gpu is null)
            return new PlanScorer(network, this, environment);
        PruningContextExtensions.LoadTrainers();
        if (LibTorch is null && !planned)
        {
            string why = SavedNetwork.Failure(network) ?? SavedNetwork.OldModule;
            throw new InvalidOperationException($"{What} is a module of the user's own code that no plan computes ({why}). "
                + "It needs TorchSharp: reference the package MLNet.Pruning, and name the module by mlContext.UsePrunedModule.");
        }
        if (LibTorch is null && !fallback)
        {
            throw new InvalidOperationException($"MLContext.GpuDeviceId is {gpu}, and GPUs need TorchSharp: "
                + "reference the package MLNet.Pruning, or set MLContext.FallbackToCpu.");
        }
        return LibTorch?.Invoke(this, network, environment) ?? new PlanScorer(network, this, environment);
    }

    public void Write(Stream stream, Archive network) => NetworkPart.Copy(network, new Archive(kind), Parts).Write(stream);

    /// <summary>Reads a model, after checking all of it; the scorer is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short, damaged, of another version, or something else.</exception>
    /// <exception cref="InvalidOperationException">Its network is built by code that the environment does not know.</exception>
    protected static (T Model, IModelScorer Scorer) Read<T>(
        Stream stream, IHostEnvironment environment, string kind, string what, Func<Archive, T> read)
        where T : ScoredModel
    {
        var archive = Archive.Read(stream, kind, what);
        var model = read(archive);
        return (model, model.Scorer(NetworkPart.Copy(archive, new Archive(kind)), environment));
    }
}
