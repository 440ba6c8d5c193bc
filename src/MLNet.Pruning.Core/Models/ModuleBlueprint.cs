using System.Text.Json.Serialization;
using MLNet.Pruning.Models;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The blueprint of a user module. A file can hold all of it but the code that builds the module.</summary>
/// <param name="Name">The name under which the builder is registered when a saved model is read.</param>
/// <param name="Shape">The shape of one input, such as [784] or [3, 32, 32].</param>
/// <param name="Sizes">The shapes of the module's tensors by name, if neurons may have been removed; null for the original sizes.</param>
public sealed record ModuleBlueprint(string Name, IReadOnlyList<long> Shape, IReadOnlyDictionary<string, long[]>? Sizes = null) : Blueprint
{
    /// <summary>The user's code: returns a new module of the same structure with every call.</summary>
    [JsonIgnore]
    public Func<nn.Module<Tensor, Tensor>>? Builder { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<long> InputShape => Shape;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">
    /// There is no builder, or its module does not have these sizes and cannot be cut to them.
    /// </exception>
    public override nn.Module Build()
    {
        var build = Builder ?? throw new InvalidOperationException($"The module '{Name}' is built by code that is not there.");
        var module = RandomState.Draw(build)
            ?? throw new InvalidOperationException($"The builder of module '{Name}' gave null; it must give a module.");
        if (Sizes is not null)
            SizeFit.Cut(module, Shape, Sizes, Name);
        return module;
    }

    /// <inheritdoc/>
    public override Blueprint Now(nn.Module model) => this with { Sizes = SizeFit.Of(model) };

    /// <inheritdoc/>
    public override void Validate()
    {
        if (string.IsNullOrEmpty(Name))
            throw new ArgumentException("The module has no name.");
        if (Shape is not { Count: > 0 } || Shape.Any(d => d < 1))
            throw new ArgumentException($"The input shape of module '{Name}' is [{string.Join(", ", Shape ?? [])}]; it must have at least "
                + "one dimension, each at least 1.");
        if (Sizes?.FirstOrDefault(s => s.Value is null || s.Value.Any(d => d < 0)) is { Key: { } name })
            throw new ArgumentException($"Module '{Name}' has a tensor '{name}' without a shape.");
    }

    /// <summary>Whether the other blueprint names the same module with the same sizes.</summary>
    public bool Equals(ModuleBlueprint? other) => other is not null && Name == other.Name && Shape.SequenceEqual(other.Shape)
        && SizeFit.AreSame(Sizes, other.Sizes);

    /// <inheritdoc/>
    public override int GetHashCode() => Shape.Aggregate(Name.GetHashCode(StringComparison.Ordinal), HashCode.Combine);
}
