namespace Microsoft.ML.Runtime;

/// <summary>Opens channels for progress.</summary>
public interface IProgressChannelProvider
{
    IProgressChannel StartProgressChannel(string name);
}

/// <summary>Takes the progress of one calculation; a level below it may open its own.</summary>
public interface IProgressChannel : IProgressChannelProvider, IDisposable
{
    /// <summary>Names what is counted, and says how to ask for the counts.</summary>
    void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction);

    /// <summary>Reports metrics and progress now.</summary>
    void Checkpoint(params double?[] values);
}

/// <summary>Where the counts are written when they are asked for.</summary>
public interface IProgressEntry
{
    void SetProgress(int index, double value);

    void SetProgress(int index, double value, double lim);

    void SetMetric(int index, double value);
}

/// <summary>The names of the metrics and units of a progress channel.</summary>
public sealed class ProgressHeader
{
    public readonly IReadOnlyList<string> UnitNames;

    public readonly IReadOnlyList<string> MetricNames;

    public ProgressHeader(string[]? metricNames, string[]? unitNames)
    {
        UnitNames = unitNames ?? [];
        MetricNames = metricNames ?? [];
    }

    public ProgressHeader(params string[] unitNames)
        : this(null, unitNames)
    {
    }
}

/// <summary>A progress channel to which nobody listens: no public listener for progress exists.</summary>
internal sealed class SilentProgressChannel : IProgressChannel
{
    private ProgressHeader? _header;

    public IProgressChannel StartProgressChannel(string name)
    {
        Contracts.CheckNonEmpty(name, nameof(name));
        return new SilentProgressChannel();
    }

    public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction)
    {
        Contracts.CheckValue(header, nameof(header));
        Contracts.CheckValue(fillAction, nameof(fillAction));
        _header = header;
    }

    public void Checkpoint(params double?[] values)
    {
        Contracts.CheckValue(values, nameof(values));
        int named = _header is null ? 0 : _header.MetricNames.Count + (2 * _header.UnitNames.Count);
        Contracts.CheckParam(_header is null || values.Length <= named, nameof(values), "Too many values provided in Checkpoint");
    }

    public void Dispose()
    {
    }
}
