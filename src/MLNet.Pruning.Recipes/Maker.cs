using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace MLNet.Pruning.Recipes;

/// <summary>A value that a maker takes by a key: a parameter, or a property that is set.</summary>
/// <param name="Key">Its key in a recipe: the name in camel case.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsRequired">Whether the key must be there.</param>
/// <param name="Member">A <see cref="ParameterInfo"/>, a <see cref="PropertyInfo"/>, or the <see cref="MethodInfo"/> of a change.</param>
sealed record Input(string Key, Type Type, bool IsRequired, object Member)
{
    public static string KeyOf(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}

/// <summary>
/// One way to make a value: a constructor with the properties that can be set, a static method or property, or a method of a catalog.
/// </summary>
/// <param name="Name">What the key "type" says.</param>
/// <param name="Type">What it makes.</param>
/// <param name="Source">A <see cref="ConstructorInfo"/>, <see cref="MethodInfo"/> or <see cref="PropertyInfo"/>.</param>
/// <param name="Inputs">What it takes.</param>
sealed record Maker(string Name, Type Type, MemberInfo Source, IReadOnlyList<Input> Inputs)
{
    const BindingFlags Static = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
    const BindingFlags Instance = BindingFlags.Public | BindingFlags.Instance;

    static readonly ConcurrentDictionary<Type, IReadOnlyList<Maker>> makers = new();

    /// <summary>The options class whose properties are keys beside the parameters; null for most.</summary>
    public ParameterInfo? Options { get; init; }

    /// <summary>
    /// All ways to make a value of a type: its static members that give one; otherwise the constructors of the type, or of all types of
    /// this library that derive from it.
    /// </summary>
    public static IReadOnlyList<Maker> All(Type type) => makers.GetOrAdd(type, Find);

    static Maker[] Find(Type type)
    {
        Maker[] statics =
        [
            .. type.GetProperties(Static).Where(property => type.IsAssignableFrom(property.PropertyType))
                .Select(property => new Maker(property.Name, type, property, [])),
            .. type.GetMethods(Static).Where(method => !method.IsSpecialName && !method.IsGenericMethod
                    && type.IsAssignableFrom(method.ReturnType) && !IsOperator(method, type))
                .Select(method => OfMethod(method)).OfType<Maker>(),
        ];
        if (statics.Length > 0)
            return [.. statics.Select(maker => maker with { Inputs = [.. maker.Inputs, .. Changes(type)] })];
        return type.IsAbstract
            ? [.. type.Assembly.GetExportedTypes().Where(other => !other.IsAbstract && !other.IsGenericType && type.IsAssignableFrom(other))
                .OrderBy(other => other.Name, StringComparer.Ordinal).SelectMany(OfConstructors)]
            : [.. OfConstructors(type)];
    }

    static bool IsOperator(MethodInfo method, Type type) => method.GetParameters().Any(parameter => parameter.ParameterType == type);

    /// <summary>Methods of a value that give another one of its type, such as <c>WithWarmup</c>: keys beside those of its maker.</summary>
    static IEnumerable<Input> Changes(Type type) => type.GetMethods(Instance)
        .Where(method => !method.IsSpecialName && method.DeclaringType == type && method.ReturnType == type && method.Name != "<Clone>$")
        .Where(method => method.GetParameters() is { Length: > 0 } all
            && all.All(p => p.ParameterType == type || Form.Of(p.ParameterType) is not null))
        .Select(method => new Input(Input.KeyOf(method.Name), type, false, method));

    static IEnumerable<Maker> OfConstructors(Type type) => type.GetConstructors()
        .OrderByDescending(constructor => constructor.GetParameters().Any(IsParams)).Select(constructor =>
    {
        if (Parameters(constructor.GetParameters()) is not { } inputs)
            return null;
        var properties = Properties(type).Where(input => !inputs.Any(other => other.Key == input.Key));
        return new Maker(type.IsNested ? type.DeclaringType!.Name : type.Name, type, constructor, [.. inputs, .. properties]);
    }).OfType<Maker>();

    /// <summary>The maker by a method; null if a recipe cannot give one of its required parameters.</summary>
    /// <param name="method">A static method, perhaps an extension.</param>
    /// <param name="skip">How many parameters it gets from elsewhere.</param>
    public static Maker? OfMethod(MethodInfo method, int skip = 0)
    {
        ParameterInfo[] parameters = [.. method.GetParameters().Skip(skip)];
        var options = parameters.FirstOrDefault(parameter => parameter.ParameterType.Name == "Options"
            && Form.IsOurs(parameter.ParameterType));
        return Parameters([.. parameters.Where(parameter => parameter != options)]) is { } inputs
            ? new(method.Name, method.ReturnType, method, options is null ? inputs : [.. Properties(options.ParameterType), .. inputs])
            {
                Options = options,
            }
            : null;
    }

    static Input[]? Parameters(ParameterInfo[] parameters)
    {
        var known = parameters.Where(parameter => Form.Of(parameter.ParameterType) is not null).ToArray();
        return parameters.Except(known).Any(parameter => !parameter.IsOptional)
            ? null
            : [.. known.Select(p => new Input(Input.KeyOf(p.Name!), p.ParameterType, !p.IsOptional && !IsParams(p), p))];
    }

    static bool IsParams(ParameterInfo parameter) => parameter.IsDefined(typeof(ParamArrayAttribute));

    static IEnumerable<Input> Properties(Type type) => type.GetProperties(Instance)
        .Where(property => property.SetMethod is { IsPublic: true } && Form.Of(property.PropertyType) is not null)
        .Select(property => new Input(Input.KeyOf(property.Name), property.PropertyType, false, property));
}
