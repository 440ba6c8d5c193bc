using MLNet.Pruning.Persistence;
using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Scoring;

/// <summary>Computes a trained model and holds its weights.</summary>
interface IModelScorer : IRowScorer, IDisposable
{
    /// <summary>The network as it is now; see <see cref="NetworkPart"/>.</summary>
    Archive Network { get; }

    /// <summary>How layers are computed.</summary>
    IReadOnlyList<PlanStep> Layers { get; }

    /// <summary>Why no plan computes the network; null if one does, or if nobody has tried.</summary>
    string? PlanFailure { get; }

    /// <summary>Measures the speed on one thread; takes some tenths of a second.</summary>
    ScoringSpeed Measure();

    /// <summary>Uses the current weights of the network's module, if there is one.</summary>
    void Refresh();
}

/// <summary>The training history of a model.</summary>
interface ITrainingRecord
{
    /// <summary>The history as the model's file has it.</summary>
    byte[] Write();

    /// <summary>The scoring speed was measured.</summary>
    void Measured(ScoringSpeed speed);
}

/// <summary>A history that was loaded. Programs without TorchSharp keep it for the next save.</summary>
sealed record SavedRecord(byte[] Content) : ITrainingRecord
{
    /// <summary>The last measurement since the history was written, which the file has beside it; null for none.</summary>
    public ScoringSpeed? Speed { get; set; }

    public byte[] Write() => Content;

    public void Measured(ScoringSpeed speed) => Speed = speed;
}

/// <summary>Makes a scorer that uses LibTorch; null if a plan on the CPU should score.</summary>
delegate IModelScorer? LibTorchScoring(ScoredModel model, Archive network, IHostEnvironment environment);

/// <summary>Everything about a trained model but its network: the columns that it reads and adds, and its file format.</summary>
/// <param name="kind">The kind of its file.</param>
/// <param name="what">What to call the model in an error.</param>
/// <param name="owner">The transformer type, for <see cref="ObjectDisposedException"/>.</param>
abstract class ScoredModel(string kind, string what, Type owner)
{
    /// <summary>Makes scorers for user modules and for GPUs. MLNet.Pruning, which knows LibTorch, sets it.</summary>
    public static LibTorchScoring? LibTorch { get; set; }

    public string What => what;

    /// <summary>The training history; null for files without one.</summary>
    public ITrainingRecord? History { get; set; }

    public Type Owner => owner;

    /// <summary>The column that is read; for tokens, the first of three.</summary>
    public abstract string ReadColumnName { get; }

    /// <summary>How many numbers the model computes for a row.</summary>
    public abstract int Outputs { get; }

    /// <summary>What a plan of the network returns.</summary>
    public virtual ScoringOutput Output => ScoringOutput.Probabilities;

    public abstract LoaderName Loader { get; }

    /// <summary>The entries of the model file beside its network.</summary>
    protected abstract (string Name, byte[] Content)[] Parts { get; }

    /// <summary>The description from which a plan is compiled; null for a user module.</summary>
    /// <exception cref="InvalidDataException">The network's description has wrong values.</exception>
    public abstract NetworkDescription? Describe(Archive network);

    /// <summary>Binds the model to a schema.</summary>
    public abstract ScoreBinding Bind(DataViewSchema input);

    /// <summary>Throws if the model does not accept these rows.</summary>
    public virtual void Check(ReadOnlySpan<float> features)
    {
    }

    /// <summary>Makes the scorer of a network: a plan for networks of this library on the CPU, LibTorch for all others.</summary>
    /// <exception cref="InvalidOperationException">It needs LibTorch, and MLNet.Pruning is not there.</exception>
    public IModelScorer Scorer(Archive network, IHostEnvironment environment)
    {
        bool planned = Describe(network) is not null;
        var (gpu, fallback) = MLNetInternals.Settings(environment);
        // LibTorch is loaded only if it is needed.
        if (planned && gpu is null)
            return new PlanScorer(network, this, environment);
        PruningContextExtensions.LoadTrainers();
        if (LibTorch is null && !planned)
        {
            string why = SavedNetwork.WhyNoPlan(network);
            throw new InvalidOperationException($"{What} is a module of the user's own code that no plan computes: {why} "
                + "It needs TorchSharp: reference the package MLNet.Pruning, and name the module by mlContext.UsePrunedModule.");
        }
        if (LibTorch is null && !fallback)
        {
            throw new InvalidOperationException($"MLContext.GpuDeviceId is {gpu}, and GPUs need TorchSharp: "
                + "reference the package MLNet.Pruning, or set MLContext.FallbackToCpu.");
        }
        return LibTorch?.Invoke(this, network, environment) ?? new PlanScorer(network, this, environment);
    }

    public void Write(Stream stream, Archive network)
    {
        var archive = NetworkPart.Copy(network, new Archive(kind), Parts);
        var record = History; // reading the history may replace it
        if (record is { } history)
            archive.Add(SavedNetwork.History, history.Write());
        if (record is SavedRecord { Speed: { } speed })
            archive.Add(SavedNetwork.Speed, SavedNetwork.Write(speed));
        archive.Write(stream);
    }

    /// <summary>Reads and checks a model. The caller disposes of the scorer.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short, damaged, of another version, or something else.</exception>
    /// <exception cref="InvalidOperationException">Its network is built by code that the environment does not know.</exception>
    protected static (T Model, IModelScorer Scorer) Read<T>(
        Stream stream, IHostEnvironment environment, IReadOnlyList<string> kinds, string what, Func<Archive, T> read)
        where T : ScoredModel
    {
        IModelScorer? scorer = null;
        try
        {
            return Archive.Read(stream, kinds, what, archive =>
            {
                var model = read(archive);
                if (archive.Entries.TryGetValue(SavedNetwork.History, out var history))
                    model.History = new SavedRecord(history) { Speed = SavedNetwork.SpeedOf(archive, what) };
                return (model, scorer = model.Scorer(NetworkPart.Copy(archive, new Archive(archive.Kind)), environment));
            });
        }
        catch
        {
            scorer?.Dispose();
            throw;
        }
    }
}
