using System.Collections;
using System.Globalization;
using System.Reflection;

namespace MLNet.Pruning.Training;

/// <summary>Options as text, for the record of a run.</summary>
static class OptionText
{
    const int MaximumDepth = 4, MaximumItems = 32, MaximumLength = 1000;

    // Of the machine, or functions: they do not shape the model.
    static readonly string[] left = [nameof(TrainingOptions.Checkpoint), nameof(TrainingOptions.Progress), nameof(TrainingOptions.Warn),
        "Cancellation"];

    /// <summary>
    /// Adds an object's properties that have values; those that are there stay.
    /// </summary>
    /// <param name="history">The record of the run.</param>
    /// <param name="options">The options, of a type whose constructor gives what is so by default.</param>
    /// <param name="isFirst">Whether this is what the program has set; otherwise it follows from options that are there.</param>
    public static void Add(TrainingHistory history, object options, bool isFirst = true)
    {
        var initial = Activator.CreateInstance(options.GetType())!;
        foreach (var property in Properties(options.GetType()).Where(property => property.CanWrite && !left.Contains(property.Name)))
        {
            // Trainers call it by another name.
            if (!isFirst && property.Name == nameof(TrainingOptions.Schedule))
                continue;
            if (Text(property.GetValue(options), 0) is not { } text || !history.Options.TryAdd(property.Name, Shortened(text)))
                continue;
            if (isFirst && text != Text(property.GetValue(initial), 0))
                history.OptionsSet.Add(property.Name);
        }
    }

    static string Shortened(string text) => text.Length > MaximumLength ? text[..MaximumLength] + "..." : text;

    /// <summary>What was set: not what an interface or a base class asks, which follows from it.</summary>
    static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetMethod is { IsPublic: true, IsVirtual: false } && property.GetIndexParameters().Length == 0
            && !property.PropertyType.IsByRefLike);

    /// <summary>Null for what has no value, or nothing to say.</summary>
    static string? Text(object? value, int depth) => value switch
    {
        null or Delegate => null,
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        IEnumerable items => Items([.. items.Cast<object?>().Where(item => !IsInternalHook(item))], depth),
        // What owns memory, such as a teacher, is no setting.
        not IDisposable when depth < MaximumDepth && IsOurs(value.GetType()) => Object(value, depth),
        // The names of types that a program cannot name tell nothing.
        _ => value.GetType().IsVisible ? value.GetType().Name : "given",
    };

    /// <summary>What trainers and pruning add to a program's own hooks.</summary>
    static bool IsInternalHook(object? value) => value is ITrainingHook && value.GetType() is { IsVisible: false } type
        && type.Assembly.GetName().Name is "MLNet.Pruning" or "MLNet.Pruning.Core";

    static string? Items(object?[] items, int depth) => items.Length switch
    {
        0 => null,
        > MaximumItems => $"{items.Length} values",
        _ => $"[{string.Join(", ", items.Select(item => Text(item, depth + 1) ?? "null"))}]",
    };

    static string Object(object value, int depth)
    {
        var parts = Properties(value.GetType()).Select(property => (property.Name, Text: Text(property.GetValue(value), depth + 1)))
            .Where(part => part.Text is not null).Select(part => $"{part.Name} = {part.Text}").ToArray();
        return parts.Length == 0 ? value.GetType().Name : $"{value.GetType().Name} {{ {string.Join(", ", parts)} }}";
    }

    /// <summary>Settings of this library, or records of a program's own: plain values all through.</summary>
    static bool IsOurs(Type type) => type.Namespace?.StartsWith(nameof(MLNet), StringComparison.Ordinal) == true
        || type.GetMethod("<Clone>$") is not null;
}
