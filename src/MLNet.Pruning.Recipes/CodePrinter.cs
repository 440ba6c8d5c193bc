using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace MLNet.Pruning.Recipes;

/// <summary>Writes expressions as C#. What equals a default is left out.</summary>
/// <param name="folder">The folder that the program runs in; paths below it are written relative to it.</param>
sealed class CodePrinter(string folder)
{
    const int Indent = 4, Width = 100;

    /// <summary>The namespaces of what was written.</summary>
    public SortedSet<string> Namespaces { get; } = new(StringComparer.Ordinal);

    /// <summary>The C# of an expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="column">How far its first line is indented.</param>
    /// <param name="expected">The type that its place has, for <c>new()</c>; null if the place says nothing.</param>
    public string Print(Expression expression, int column, Type? expected = null) => expression switch
    {
        ParameterExpression variable => variable.Name!,
        UnaryExpression { NodeType: ExpressionType.Convert } convert => Print(convert.Operand, column, expected),
        ConstantExpression constant => Literal(constant.Value),
        NewArrayExpression list => Listed("[", list.Expressions.Select(item => (Func<int, string>)(at =>
            Print(item, at, list.Type.GetElementType()))), "]", column, trailing: true),
        NewExpression made => $"{New(made, expected)}{Arguments(made.Constructor!, made.Arguments, column)}",
        MemberInitExpression init => Initialized(init, column, expected),
        MemberExpression { Expression: null } member => $"{Name(member.Member.DeclaringType!)}.{member.Member.Name}",
        MemberExpression member => $"{Print(member.Expression!, column)}.{member.Member.Name}",
        MethodCallExpression call when call.Method == SavedModel.Method =>
            $"{Print(call.Arguments[0], column)}.Model.Load({Print(call.Arguments[1], column)}, out _)",
        MethodCallExpression { Object: { } target } call =>
            $"{Print(target, column)}.{call.Method.Name}{Arguments(call.Method, call.Arguments, column)}",
        MethodCallExpression call when call.Method.IsDefined(typeof(ExtensionAttribute)) =>
            $"{Print(call.Arguments[0], column)}.{call.Method.Name}{Arguments(call.Method, call.Arguments, column, skip: 1)}",
        MethodCallExpression call =>
            $"{Name(call.Method.DeclaringType!)}.{call.Method.Name}{Arguments(call.Method, call.Arguments, column)}",
        _ => throw new NotSupportedException($"{expression.NodeType}"),
    };

    string Initialized(MemberInitExpression init, int column, Type? expected)
    {
        var made = init.NewExpression;
        string arguments = made.Arguments.Count == 0 && made.Type != expected ? "" : Arguments(made.Constructor!, made.Arguments, column);
        var settings = init.Bindings.Cast<MemberAssignment>().Select(set => (Func<int, string>)(at =>
            $"{set.Member.Name} = {Print(set.Expression, at, ((PropertyInfo)set.Member).PropertyType)}"));
        return New(made, expected) + arguments + Listed(" { ", settings, " }", column, trailing: true, braces: true);
    }

    string New(NewExpression made, Type? expected) => made.Type == expected ? "new" : $"new {Name(made.Type)}";

    string Arguments(MethodBase method, IReadOnlyList<Expression> values, int column, int skip = 0)
    {
        var arguments = new List<Func<int, string>>();
        bool named = false;
        foreach (var (parameter, value) in method.GetParameters().Zip(values).Skip(skip))
        {
            if (IsDefault(parameter, value))
            {
                named = true;
                continue;
            }
            // A bare number or flag says nothing by itself.
            bool plain = value is not ConstantExpression || value.Type == typeof(string) || value.Type.IsEnum;
            named |= (parameter.IsOptional || !plain) && !IsParams(parameter);
            string name = named ? $"{parameter.Name}: " : "";
            var type = parameter.ParameterType;
            if (value is NewArrayExpression items && IsParams(parameter))
                arguments.AddRange(items.Expressions.Select(item => (Func<int, string>)(at => Print(item, at))));
            else
                arguments.Add(at => name + Print(value, at, type));
        }
        return arguments.Count == 1 && values[^1] is MemberInitExpression
            ? $"({arguments[0](column)})"
            : Listed("(", arguments, ")", column, trailing: false);
    }

    static bool IsParams(ParameterInfo parameter) => parameter.IsDefined(typeof(ParamArrayAttribute));

    static bool IsDefault(ParameterInfo parameter, Expression value) => value switch
    {
        ConstantExpression constant => parameter.IsOptional && Equals(constant.Value, Binder.Default(parameter)),
        NewArrayExpression list => list.Expressions.Count == 0 && IsParams(parameter),
        _ => false,
    };

    /// <summary>Parts on one line if they fit, otherwise a line each.</summary>
    static string Listed(string open, IEnumerable<Func<int, string>> parts, string close, int column, bool trailing, bool braces = false)
    {
        Func<int, string>[] all = [.. parts];
        string line = open + string.Join(", ", all.Select(part => part(column + Indent))) + close;
        if (all.Length == 0)
            return open.Trim() + close.Trim();
        if (!line.Contains('\n', StringComparison.Ordinal) && column + line.Length < Width && (!braces || all.Length < 4))
            return line;
        string pad = new(' ', column), inner = new(' ', column + Indent);
        var text = new StringBuilder(braces ? $"\n{pad}{{" : open.TrimEnd());
        for (int i = 0; i < all.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"\n{inner}{all[i](column + Indent)}{(trailing || i < all.Length - 1 ? "," : "")}");
        return text.Append(trailing ? $"\n{pad}{close.Trim()}" : close).ToString();
    }

    string Name(Type type)
    {
        Namespaces.Add(type.Namespace!);
        return type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
    }

    string Literal(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => Quoted(Relative(text)),
        char letter => $"'{Escaped(letter.ToString(), '\'')}'",
        TimeSpan time => time.Ticks % TimeSpan.TicksPerSecond == 0 ? Invariant($"TimeSpan.FromSeconds({time.TotalSeconds})")
            : Invariant($"TimeSpan.FromMicroseconds({time.TotalMicroseconds})"),
        Enum member => $"{Name(member.GetType())}.{member}",
        float number => Invariant($"{number:R}f"),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException($"{value.GetType()}"),
    };

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A path relative to the folder that the program runs in, where it lies in it.</summary>
    string Relative(string text)
    {
        if (!Path.IsPathFullyQualified(text))
            return text;
        string relative = Path.GetRelativePath(folder, text);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathFullyQualified(relative) ? text
            : relative.Replace('\\', '/');
    }

    public static string Quoted(string text) => $"\"{Escaped(text, '"')}\"";

    static string Escaped(string text, char quote) => string.Concat(text.Select(letter => letter switch
    {
        '\\' => "\\\\",
        '\t' => "\\t",
        '\n' => "\\n",
        '\r' => "\\r",
        _ when letter == quote => $"\\{letter}",
        _ when char.IsControl(letter) || char.IsSurrogate(letter) || letter is '\u2028' or '\u2029' or '\u0085' => $"\\u{(int)letter:x4}",
        _ => $"{letter}",
    }));
}
