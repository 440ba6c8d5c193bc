namespace MLNet.Pruning.Recipes;

/// <summary>A recipe says something that cannot be done. The message begins with the file, line and column.</summary>
public sealed class RecipeException : FormatException
{
    internal RecipeException(RecipePlace place, string message, Exception? inner = null)
        : base($"{place}: {message}", inner) =>
        (Line, Column) = ((int)place.Line, (int)place.Column);

    /// <summary>The line in the recipe, from 1; 0 if the mistake is not in the file.</summary>
    public int Line { get; }

    /// <summary>The column in the line, from 1; 0 if the mistake is not in the file.</summary>
    public int Column { get; }

    internal static RecipeException UnknownName(RecipePlace place, string what, string found, IReadOnlyCollection<string> known)
    {
        string? nearest = NearestName.To(found, known);
        string suggestion = nearest is null ? "" : $" Did you mean '{nearest}'?";
        return new(place, $"{what} '{found}'.{suggestion} Allowed: {string.Join(", ", known)}.");
    }
}

/// <summary>Finds the name that somebody who mistyped one meant.</summary>
static class NearestName
{
    /// <summary>The known name with the fewest edits from a given one; null if all of them are too far to be meant.</summary>
    public static string? To(string name, IEnumerable<string> known)
    {
        var (nearest, distance) = known.Select(other => (other, Edits(name.ToUpperInvariant(), other.ToUpperInvariant())))
            .DefaultIfEmpty(("", int.MaxValue)).MinBy(pair => pair.Item2);
        return distance <= Math.Max(2, name.Length / 3) ? nearest : null;
    }

    /// <summary>How many letters must be inserted, removed, replaced, or swapped with the next.</summary>
    static int Edits(string from, string to)
    {
        var counts = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    counts[i, j] = i + j;
                    continue;
                }
                int replaced = counts[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                counts[i, j] = Math.Min(replaced, 1 + Math.Min(counts[i - 1, j], counts[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    counts[i, j] = Math.Min(counts[i, j], 1 + counts[i - 2, j - 2]);
            }
        }
        return counts[from.Length, to.Length];
    }
}
