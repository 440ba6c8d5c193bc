using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// The graph of a module as JSON. The model file of a user module contains it, so that a plan can be loaded without the code that built
/// the module.
/// </summary>
static class SavedGraph
{
    /// <summary>The archive entry of the graph.</summary>
    public const string Entry = "graph";

    /// <summary>The archive entry with the reason why there is no graph.</summary>
    public const string FailureEntry = "no graph";

    const int Version = 1;

    public static byte[] Write(GraphDescription graph) => JsonSerializer.SerializeToUtf8Bytes(
        new GraphFile(Version, [.. graph.Nodes.Select(GraphFileNode.Of)]), GraphJson.Default.GraphFile);

    /// <exception cref="InvalidDataException">It has another version, or a part is missing.</exception>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    /// <exception cref="ArgumentException">It is inconsistent.</exception>
    public static GraphDescription Read(byte[] json)
    {
        var file = GuardedStream.Description(json, GraphJson.Default.GraphFile) ?? throw new InvalidDataException("it is null.");
        if (file.Version != Version)
            throw new InvalidDataException($"it is of version {file.Version}; this library reads version {Version}.");
        if (file.Nodes is null || file.Nodes.Contains(null))
            throw new InvalidDataException("it has no list of nodes, or a node that is null.");
        var graph = new GraphDescription([.. file.Nodes.Select(node => node!.ToNode())]);
        graph.Validate();
        return graph;
    }
}

sealed record GraphFile(int Version, GraphFileNode?[]? Nodes);

sealed record GraphFileNode(GraphOperation? Op, string? Name, int[]? Inputs, int[]? Shape)
{
    public string? Weight { get; init; }

    public string? Bias { get; init; }

    public string? Mean { get; init; }

    public string? Variance { get; init; }

    public int[]? Kernel { get; init; }

    public int[]? Stride { get; init; }

    public int[]? Padding { get; init; }

    public int[]? Dilation { get; init; }

    public int[]? OutputPadding { get; init; }

    public bool? Ceiling { get; init; }

    public bool? CountsPadding { get; init; }

    public int? Groups { get; init; }

    public int? Axis { get; init; }

    public double? Coefficient { get; init; }

    public static GraphFileNode Of(GraphNode node) => new(node.Operation, node.Name, [.. node.Inputs], [.. node.Shape])
    {
        Weight = node.Weight,
        Bias = node.Bias,
        Mean = node.Mean,
        Variance = node.Variance,
        Kernel = node.Window is null ? null : [.. node.Window.Kernel],
        Stride = node.Window is null ? null : [.. node.Window.Stride],
        Padding = node.Window is null ? null : [.. node.Window.Padding],
        Dilation = node.Window is null ? null : [.. node.Window.Dilation],
        OutputPadding = node.Window is null || node.Window.OutputPadding.All(v => v == 0) ? null : [.. node.Window.OutputPadding],
        Ceiling = node.Window is { Ceiling: true } ? true : null,
        CountsPadding = node.Window is { CountsPadding: false } ? false : null,
        Groups = node.Groups == 1 ? null : node.Groups,
        Axis = node.Axis == 0 ? null : node.Axis,
        Coefficient = node.Coefficient == 0 ? null : node.Coefficient,
    };

    public GraphNode ToNode() => new(Op ?? throw new InvalidDataException($"its node '{Name}' has no operation."), Name ?? "",
        Inputs ?? [], Shape ?? [])
    {
        Weight = Weight,
        Bias = Bias,
        Mean = Mean,
        Variance = Variance,
        Window = Kernel is null ? null : new(Kernel, Stride ?? [1, 1], Padding ?? [0, 0], Dilation ?? [1, 1])
        {
            OutputPadding = OutputPadding ?? [0, 0],
            Ceiling = Ceiling ?? false,
            CountsPadding = CountsPadding ?? true,
        },
        Groups = Groups ?? 1,
        Axis = Axis ?? 0,
        Coefficient = Coefficient ?? 0,
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GraphFile))]
sealed partial class GraphJson : JsonSerializerContext;
