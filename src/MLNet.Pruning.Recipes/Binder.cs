using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.ML;

namespace MLNet.Pruning.Recipes;

/// <summary>
/// Turns nodes into expressions, which can be evaluated and written as C#. So a recipe and the program made of it cannot differ.
/// </summary>
/// <param name="mlContext">The variable <c>mlContext</c>.</param>
/// <param name="folder">The folder that paths are relative to.</param>
sealed class Binder(ParameterExpression mlContext, string folder)
{
    /// <summary>The key that says which of several things is wanted.</summary>
    public const string TypeKey = "type";

    public ParameterExpression MLContext => mlContext;

    /// <summary>The value of a type that a node stands for.</summary>
    /// <param name="node">What the recipe says.</param>
    /// <param name="type">The type.</param>
    /// <param name="what">What messages call the value: its key.</param>
    public Expression Bind(RecipeNode node, Type type, string what)
    {
        if (node is RecipeScalar { IsNull: true })
        {
            return !type.IsValueType || Nullable.GetUnderlyingType(type) is not null
                ? Expression.Constant(null, type)
                : throw Wrong(node, what, Wanted(Form.Of(type)!));
        }
        return Form.Of(type) switch
        {
            ScalarForm form => Expression.Constant(Scalar(node, form, what), type),
            EnumForm form => Expression.Constant(Enumerator(node, form, what), type),
            ListForm form => List(node, form, what),
            SavedModelForm form => Expression.Call(
                SavedModel.Method, mlContext, Expression.Constant(FullPath(Text(node, form, what)))),
            MadeForm form => Made(node, form, what),
            _ => throw new NotSupportedException($"A recipe cannot hold a {type.Name}."),
        };
    }

    static string Text(RecipeNode node, Form form, string what) => node is RecipeScalar text ? text.Text
        : throw Wrong(node, what, Wanted(form));

    object Scalar(RecipeNode node, ScalarForm form, string what)
    {
        var scalar = node as RecipeScalar ?? throw Wrong(node, what, Wanted(form));
        var (text, culture) = (scalar.Text, CultureInfo.InvariantCulture);
        if (form.Bare == typeof(string))
            return IsPath(what) ? FullPath(text) : text;
        if (form.Bare == typeof(char))
            return text is [var only] ? only : text is "\\t" ? '\t' : throw Wrong(node, what, Wanted(form));
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        object? value = scalar.IsQuoted && form.Bare != typeof(TimeSpan) ? null
            : form.Bare == typeof(bool) ? bool.TryParse(text, out bool flag) ? flag : null
            : form.Bare == typeof(int) ? int.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out int number) ? number : null
            : form.Bare == typeof(long) ? long.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out long number64) ? number64 : null
            : form.Bare == typeof(TimeSpan) ? Duration(text)
            : !double.TryParse(digits, NumberStyles.Float, culture, out double real) || !double.IsFinite(real) ? null
            : form.Bare == typeof(float) ? (object)(float)real : real;
        return value ?? throw Wrong(node, what, Wanted(form));
    }

    static object? Duration(string text)
    {
        string number = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyzµ "]);
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
            return null;
        return text[number.Length..].Trim() switch
        {
            "us" or "µs" => TimeSpan.FromMicroseconds(value),
            "ms" => TimeSpan.FromMilliseconds(value),
            "s" => TimeSpan.FromSeconds(value),
            "min" => TimeSpan.FromMinutes(value),
            _ => null,
        };
    }

    static object Enumerator(RecipeNode node, EnumForm form, string what)
    {
        string name = Text(node, form, what);
        string[] names = Enum.GetNames(form.Bare);
        return names.FirstOrDefault(other => string.Equals(other, name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Enum.Parse(form.Bare, found)
            : throw RecipeException.UnknownName(node.Place, $"{what} has no value", name, names);
    }

    /// <summary>A list; a single value stands for a list of one.</summary>
    NewArrayExpression List(RecipeNode node, ListForm form, string what)
    {
        var items = node is RecipeList list ? list.Items : [node];
        return Expression.NewArrayInit(form.Element, items.Select(item => Bind(item, form.Element, what)));
    }

    /// <summary>A value with keys; its name alone, if it needs no keys.</summary>
    Expression Made(RecipeNode node, MadeForm form, string what)
    {
        var names = form.Makers.Select(maker => maker.Name).Distinct().ToArray();
        var (name, map) = node switch
        {
            RecipeScalar scalar when !form.IsSingle => (scalar, new RecipeMap([], node.Place)),
            RecipeMap keys => (TypeOf(keys, what, form.IsSingle, names), keys),
            _ => throw Wrong(node, what, Wanted(form)),
        };
        var found = form.Makers.Where(maker => name is null || Same(maker.Name, name.Text)).ToArray();
        return found.Length > 0 ? Make(map, found, null) : throw RecipeException.UnknownName(name!.Place, $"{what} has no type",
            name.Text, names);
    }

    static RecipeScalar? TypeOf(RecipeMap map, string what, bool optional, string[] names) => map.Find(TypeKey) switch
    {
        { Value: RecipeScalar { IsNull: false } scalar } => scalar,
        null when optional => null,
        var entry => throw new RecipeException(
            entry?.Value.Place ?? map.Place, $"{what} needs a key '{TypeKey}': {string.Join(", ", names)}."),
    };

    /// <summary>Makes a value by the maker that a group of keys names by its key "type".</summary>
    /// <param name="node">The keys, or only the name.</param>
    /// <param name="makers">What it may name.</param>
    /// <param name="what">What messages call the value.</param>
    /// <param name="target">Gives what a maker's method is called on; null for static ones.</param>
    public Expression MakeNamed(RecipeNode node, IReadOnlyList<Maker> makers, string what, Func<Maker, Expression>? target)
    {
        string[] names = [.. makers.Select(maker => maker.Name).Distinct()];
        var map = node switch
        {
            RecipeScalar { IsNull: false } scalar => new RecipeMap([new(TypeKey, scalar.Place, scalar)], scalar.Place),
            RecipeMap keys => keys,
            _ => throw new RecipeException(node.Place, $"{what} is {node.Kind}; wanted keys, of which '{TypeKey}' is one of "
                + $"{string.Join(", ", names)}."),
        };
        var name = TypeOf(map, what, optional: false, names)!;
        Maker[] found = [.. makers.Where(maker => Same(maker.Name, name.Text))];
        return found.Length > 0
            ? Make(map, found, target)
            : throw RecipeException.UnknownName(name.Place, $"{what} has no type", name.Text, names);
    }

    /// <summary>Makes a value by the one of several overloads that has all keys.</summary>
    Expression Make(RecipeMap map, Maker[] overloads, Func<Maker, Expression>? target)
    {
        var entries = map.Entries.Where(entry => !entry.Is(TypeKey)).ToArray();
        string name = overloads[0].Name;
        string[] known = [.. overloads.SelectMany(maker => maker.Inputs).Select(input => input.Key).Distinct()];
        foreach (var entry in entries)
        {
            if (!known.Any(key => entry.Is(key)))
                throw RecipeException.UnknownName(entry.Place, $"{name} has no key", entry.Key, known);
        }
        var fitting = overloads.Where(maker => entries.All(entry => maker.Inputs.Any(input => entry.Is(input.Key)))).ToArray();
        if (fitting.Length == 0)
            throw new RecipeException(map.Place, $"{name} cannot have all of these keys at once: "
                + $"{string.Join(", ", entries.Select(e => e.Key))}.");
        var chosen = fitting.FirstOrDefault(maker => !Missing(maker).Any());
        if (chosen is null)
        {
            throw new RecipeException(map.Place, $"{name} needs {string.Join(" and ", Missing(fitting[0]).Select(input =>
                $"'{input.Key}': {Wanted(Form.Of(input.Type)!)}"))}.");
        }
        return Made(chosen, entries, target?.Invoke(chosen));

        IEnumerable<Input> Missing(Maker maker) =>
            maker.Inputs.Where(input => input.IsRequired && !entries.Any(entry => entry.Is(input.Key)));
    }

    Expression Made(Maker maker, RecipeEntry[] entries, Expression? target)
    {
        var given = entries.Select(entry => (Entry: entry, Input: maker.Inputs.First(input => entry.Is(input.Key)))).ToArray();
        MemberBinding[] settings =
        [
            .. given.Where(pair => pair.Input.Member is PropertyInfo)
                .Select(pair => Expression.Bind((PropertyInfo)pair.Input.Member, Value(pair.Entry, pair.Input))),
        ];
        var made = maker.Source switch
        {
            ConstructorInfo constructor => Set(Expression.New(constructor, Arguments(constructor, 0)), settings),
            PropertyInfo property => Expression.Property(null, property),
            MethodInfo { IsStatic: false } method => Expression.Call(target, method, Arguments(method, 0)),
            MethodInfo method when target is null => Expression.Call(method, Arguments(method, 0)),
            MethodInfo extension => Expression.Call(extension, [target, .. Arguments(extension, 1)]),
            _ => throw new NotSupportedException($"{maker.Source}"),
        };
        foreach (var (entry, input) in given)
        {
            if (input.Member is MethodInfo change)
            {
                var before = Converted(made, change.DeclaringType!);
                made = Make(KeysOf(change, entry), [Maker.OfMethod(change)!], _ => before);
            }
        }
        return made;

        Expression[] Arguments(MethodBase method, int skip) => [.. method.GetParameters().Skip(skip).Select(Argument)];

        Expression Argument(ParameterInfo parameter)
        {
            if (parameter == maker.Options)
                return Set(Expression.New(parameter.ParameterType), settings);
            foreach (var (entry, input) in given)
            {
                if (input.Member as ParameterInfo == parameter)
                    return Value(entry, input);
            }
            return parameter.IsOptional
                ? Expression.Constant(Default(parameter), parameter.ParameterType)
                : Expression.NewArrayInit(parameter.ParameterType.GetElementType()!); // params
        }
    }

    static Expression Set(NewExpression made, MemberBinding[] settings) => settings.Length == 0 ? made
        : Expression.MemberInit(made, settings);

    static Expression Converted(Expression value, Type type) => value.Type == type ? value : Expression.Convert(value, type);

    Expression Value(RecipeEntry entry, Input input) => Bind(entry.Value, input.Type, entry.Key);

    /// <summary>The keys of a change; where it takes one value, the value itself may stand in their place.</summary>
    static RecipeMap KeysOf(MethodInfo change, RecipeEntry entry)
    {
        var parameters = change.GetParameters();
        return entry.Value is RecipeMap map && !(parameters is [var only] && Form.Of(only.ParameterType) is MadeForm)
            ? map
            : new([new(Input.KeyOf(parameters[0].Name!), entry.Place, entry.Value)], entry.Value.Place);
    }

    public static object? Default(ParameterInfo parameter) => parameter.DefaultValue is null && parameter.ParameterType.IsValueType
        && Nullable.GetUnderlyingType(parameter.ParameterType) is null
            ? Activator.CreateInstance(parameter.ParameterType)
            : parameter.ParameterType is { IsEnum: true } type ? Enum.ToObject(type, parameter.DefaultValue!) : parameter.DefaultValue;

    static RecipeException Wrong(RecipeNode node, string what, string wanted) => new(node.Place,
        $"{what} is {node.Kind}; wanted {wanted}.");

    static bool Same(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    public static string Wanted(Form form) => form switch
    {
        ScalarForm => ScalarForm.Kinds[form.Bare],
        EnumForm => $"one of {string.Join(", ", Enum.GetNames(form.Bare))}",
        ListForm list => $"a list, each {Wanted(Form.Of(list.Element)!)}",
        SavedModelForm => "the path of a saved model",
        MadeForm made => made.IsSingle ? $"keys of {made.Makers[0].Name}: "
            + $"{string.Join(", ", made.Makers[0].Inputs.Select(input => input.Key))}"
            : $"a type: {string.Join(", ", made.Makers.Select(maker => maker.Name).Distinct())}",
        _ => form.Type.Name,
    };

    /// <summary>Whether a text is the path of a file or folder, by its key.</summary>
    static bool IsPath(string key) => ((string[])["path", "directory", "folder", "file"])
        .Any(end => key.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    string FullPath(string path) => Path.GetFullPath(path, folder);
}

/// <summary>A trained model that a recipe names by its file.</summary>
static class SavedModel
{
    public static MethodInfo Method { get; } = ((Func<MLContext, string, ITransformer>)Load).Method;

    public static ITransformer Load(MLContext mlContext, string path) => mlContext.Model.Load(path, out _);
}
