using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The structure of a model as plain values: enough to build it again, without its weights.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(FeedForwardBlueprint), "feed-forward")]
[JsonDerivedType(typeof(ConvNetBlueprint), "conv-net")]
[JsonDerivedType(typeof(VaeBlueprint), "vae")]
[JsonDerivedType(typeof(VitBlueprint), "vit")]
[JsonDerivedType(typeof(ModuleBlueprint), "module")]
public abstract record Blueprint
{
    /// <summary>The shape of one input.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<long> InputShape { get; }

    /// <summary>Builds the module with random initial weights.</summary>
    public abstract nn.Module Build();

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public abstract void Validate();

    /// <summary>The weights of linear layers, convolutions and tables: what the module has at least; 0 if only building it tells.</summary>
    internal virtual Int128 WeightCount => 0;

    /// <summary>Checks, before the module is built, that a file has as many weights as the blueprint in it claims.</summary>
    /// <param name="bytes">The size of the file's tensors.</param>
    /// <param name="what">What error messages call the file.</param>
    internal void CheckSize(long bytes, string what)
    {
        if (WeightCount * sizeof(float) > bytes)
        {
            throw new InvalidDataException(
                $"{what} has {WeightCount} weights or more by its part 'blueprint', and tensors of {bytes} bytes.");
        }
    }

    /// <summary>The blueprint of a model as it is now, which is smaller than its original blueprint if neurons were removed.</summary>
    /// <exception cref="ArgumentException">No blueprint builds this module.</exception>
    public static Blueprint Of(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Find(model) ?? throw new ArgumentException($"There is no blueprint for a {model.GetType().Name}.");
    }

    /// <summary>The blueprint of a model of this library; null for any other module.</summary>
    internal static Blueprint? Find(nn.Module model) => model switch
    {
        FeedForward network => network.Blueprint,
        ConvNet network => network.Blueprint,
        Vae network => network.Blueprint,
        Vit network => network.Blueprint,
        _ => null,
    };

    /// <summary>This blueprint, updated to the present sizes of a model that was built from it.</summary>
    /// <param name="model">A model that was built from this blueprint, and may have shrunk since.</param>
    public virtual Blueprint Now(nn.Module model) => Of(model);

    /// <summary>The blueprint as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BlueprintJson.Default.Blueprint);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static Blueprint FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return FromJson(Encoding.UTF8.GetBytes(json));
    }

    /// <summary>The same for JSON in UTF-8.</summary>
    internal static Blueprint FromJson(byte[] json)
    {
        try
        {
            var blueprint = GuardedStream.Description(json, BlueprintJson.Default.Blueprint)
                ?? throw new InvalidDataException("The model's blueprint is null.");
            blueprint.Validate();
            return blueprint;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"This is not the blueprint of a known model: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Blueprint))]
sealed partial class BlueprintJson : JsonSerializerContext;
