namespace MLNet.Pruning;

/// <summary>Chooses the neurons to remove by importance. Ties are broken by index, so that rankings are reproducible.</summary>
public static class Ranking
{
    /// <summary>Neurons in descending order of importance; of equals, the lower index comes first.</summary>
    /// <param name="importance">Importance per neuron; larger stays.</param>
    /// <exception cref="ArgumentException">An importance is not a number.</exception>
    public static int[] BestFirst(ReadOnlySpan<double> importance)
    {
        Check(importance);
        var keys = importance.ToArray();
        var order = new int[keys.Length];
        for (var k = 0; k < order.Length; k++)
            order[k] = k;
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[b].CompareTo(keys[a]) : a.CompareTo(b));
        return order;
    }

    /// <summary>The rank of every neuron; 1 is the most important.</summary>
    /// <param name="importance">Importance per neuron; larger stays.</param>
    public static int[] Ranks(ReadOnlySpan<double> importance)
    {
        var ranks = new int[importance.Length];
        var order = BestFirst(importance);
        for (var i = 0; i < order.Length; i++)
            ranks[order[i]] = i + 1;
        return ranks;
    }

    /// <summary>The least important neurons of a group, in ascending order of index. At least one neuron stays.</summary>
    /// <param name="importance">Importance per neuron of the group; larger stays.</param>
    /// <param name="count">How many neurons to remove; at least 0, fewer than there are.</param>
    public static int[] Bottom(ReadOnlySpan<double> importance, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > 0 && count >= importance.Length)
            throw new ArgumentOutOfRangeException(
                nameof(count), $"A group of {importance.Length} neurons cannot lose {count}; it can lose at most {importance.Length - 1}.");
        var bottom = BestFirst(importance)[(importance.Length - count)..];
        Array.Sort(bottom);
        return bottom;
    }

    /// <summary>
    /// The least important neurons in one ranking over several groups, per group in ascending order of index. Of equals, the earlier group
    /// and then the lower index stays. A group that has shrunk to <paramref name="minimum"/> loses no more; others lose in its place.
    /// </summary>
    /// <param name="importance">Importance per group and neuron, all on one scale; larger stays.</param>
    /// <param name="count">How many neurons to remove in all; at least 0. Fewer are removed if all groups reach the minimum.</param>
    /// <param name="minimum">Neurons to keep in every group; at least 1.</param>
    public static int[][] BottomOfAll(IReadOnlyList<double[]> importance, int count, int minimum = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var all = new List<(double Importance, int Group, int Neuron)>();
        var bottom = new List<int>[importance.Count];
        for (var g = 0; g < importance.Count; g++)
        {
            Check(importance[g]);
            bottom[g] = [];
            for (var k = 0; k < importance[g].Length; k++)
                all.Add((importance[g][k], g, k));
        }
        all.Sort((a, b) => a.Importance != b.Importance ? a.Importance.CompareTo(b.Importance)
            : a.Group != b.Group ? b.Group.CompareTo(a.Group)
            : b.Neuron.CompareTo(a.Neuron));
        foreach (var (_, g, k) in all)
        {
            if (count == 0)
                break;
            if (importance[g].Length - bottom[g].Count <= minimum)
                continue;
            bottom[g].Add(k);
            count--;
        }
        return [.. bottom.Select(b => b.Order().ToArray())];
    }

    static void Check(ReadOnlySpan<double> importance)
    {
        for (var k = 0; k < importance.Length; k++)
        {
            if (double.IsNaN(importance[k]))
                throw new ArgumentException($"The importance of neuron {k} is not a number, so it has no rank.", nameof(importance));
        }
    }
}
