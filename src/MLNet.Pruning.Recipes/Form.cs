using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Recipes;

/// <summary>How values of a .NET type are written in a recipe. Found from the type, so that a new option is a new key.</summary>
abstract record Form(Type Type)
{
    static readonly ConcurrentDictionary<Type, Form?> forms = new();

    /// <summary>Classes of ML.NET whose constructors a recipe may call.</summary>
    static readonly Type[] ofMLNet = [typeof(InputOutputColumnPair), typeof(TextLoader.Column), typeof(TextLoader.Range)];

    /// <summary>The form of a type; null for what cannot be written in a recipe, such as a function.</summary>
    public static Form? Of(Type type) => forms.GetOrAdd(type, Find);

    static Form? Find(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Of(inner) is { } form ? form with { Type = type } : null;
        if (type.IsEnum)
            return new EnumForm(type);
        if (ScalarForm.Kinds.ContainsKey(type))
            return new ScalarForm(type);
        if (typeof(ITransformer).IsAssignableFrom(type))
            return type == typeof(ITransformer) ? new SavedModelForm(type) : null;
        if (ElementOf(type) is { } element)
            return element == type || !CanBe(element) ? null : new ListForm(type, element);
        return CanBe(type) ? new MadeForm(type) : null;
    }

    static bool CanBe(Type type) => type.IsEnum || ScalarForm.Kinds.ContainsKey(type) || ofMLNet.Contains(type)
        || (IsOurs(type) && !typeof(Delegate).IsAssignableFrom(type));

    public static bool IsOurs(Type type) => IsOurs(type.Assembly);

    public static bool IsOurs(Assembly assembly) => assembly.GetName().Name!.StartsWith("MLNet.Pruning", StringComparison.Ordinal);

    static Type? ElementOf(Type type) => type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() is var open
            && (open == typeof(IReadOnlyList<>) || open == typeof(IEnumerable<>) || open == typeof(IReadOnlyCollection<>))
            ? type.GetGenericArguments()[0] : null;

    public Type Bare => Nullable.GetUnderlyingType(Type) ?? Type;
}

/// <summary>A number, a text, true or false, a time span.</summary>
sealed record ScalarForm(Type Type) : Form(Type)
{
    /// <summary>What is wanted of a value, in words.</summary>
    public static IReadOnlyDictionary<Type, string> Kinds { get; } = new Dictionary<Type, string>
    {
        [typeof(bool)] = "true or false",
        [typeof(int)] = "a whole number",
        [typeof(long)] = "a whole number",
        [typeof(float)] = "a number",
        [typeof(double)] = "a number",
        [typeof(string)] = "a text",
        [typeof(char)] = "a single character",
        [typeof(TimeSpan)] = "a time with its unit, such as '30 us', '1.5 ms', '10 s'",
    };
}

sealed record EnumForm(Type Type) : Form(Type);

sealed record ListForm(Type Type, Type Element) : Form(Type);

/// <summary>A file with a trained model.</summary>
sealed record SavedModelForm(Type Type) : Form(Type);

/// <summary>A value with keys. Where there is more than one way to make it, its key "type" says which.</summary>
sealed record MadeForm(Type Type) : Form(Type)
{
    public IReadOnlyList<Maker> Makers => Maker.All(Bare);

    /// <summary>Whether the key "type" may be left out.</summary>
    public bool IsSingle => Makers.Select(maker => maker.Name).Distinct().Count() == 1;
}
