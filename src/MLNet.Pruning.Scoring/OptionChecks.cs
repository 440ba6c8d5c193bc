using System.Globalization;

namespace MLNet.Pruning.Scoring;

/// <summary>Checks options. An exception names the option, its value and what it may be.</summary>
static class OptionChecks
{
    public static void Require(bool holds, string option, object? value, string wanted)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(
                null, string.Create(CultureInfo.InvariantCulture, $"{option} is {value ?? "null"}; it must be {wanted}."));
        }
    }

    public static void AtLeast(int minimum, int value, string option) => Require(value >= minimum, option, value, $"at least {minimum}");

    public static string Named(string? column, string option) => string.IsNullOrEmpty(column)
        ? throw new ArgumentException($"{option} is {(column is null ? "null" : "empty")}; wanted the name of a column.", option)
        : column;

    public static T Known<T>(T value, string option)
        where T : struct, Enum => Enum.IsDefined(value)
            ? value
            : throw new ArgumentException($"{option} is {value}; wanted one of {string.Join(", ", Enum.GetNames<T>())}.", option);

    /// <summary>A copy of the sizes of layers, each at least 1.</summary>
    public static IReadOnlyList<int> Sizes(IReadOnlyList<int>? sizes, string option, int minimumCount)
    {
        if (sizes is null || sizes.Count < minimumCount)
        {
            throw new ArgumentException($"{option} is {(sizes is null ? "null" : "empty")}; "
                + $"wanted {(minimumCount == 0 ? "the sizes of the layers, or [] for none" : "at least one size")}.", option);
        }
        Require(sizes.All(size => size >= 1), option, $"[{string.Join(", ", sizes)}]", "sizes of at least 1");
        return [.. sizes];
    }
}
