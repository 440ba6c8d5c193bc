
namespace MLNet.Pruning;

/// <summary>Which part of a network's neurons must go to meet a budget, before anything is known of their importance.</summary>
static class BudgetPlan
{
    /// <summary>A network that needs less of the budget than this could be larger, if one between were measured within it.</summary>
    public const double NearEnough = 0.95;

    /// <summary>The last neurons of each group: a part of them, and no more than the minimum leaves.</summary>
    public static NeuronSelection[] Last(IEnumerable<NeuronGroup> groups, double part, int minimum) =>
        [.. groups.Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).TakeLast(Count(g.Size, part, minimum))]))];

    static int Count(int size, double part, int minimum) => Math.Clamp((int)(part * size), 0, Math.Max(0, size - minimum));

    /// <summary>Without this part of all groups the budget is met, by halving.</summary>
    /// <param name="load">Of the network without a part; it is more than 1 without none, and less without all.</param>
    public static double Part(Func<double, double> load)
    {
        var (less, enough) = (0.0, BudgetSchedule.All);
        for (var i = 0; i < 8; i++)
        {
            var middle = (less + enough) / 2;
            if (load(middle) > 1)
                less = middle;
            else
                enough = middle;
        }
        return enough;
    }
}
