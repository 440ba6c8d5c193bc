namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Steps that are computed together: for all rows of a block at once, or row by row.</summary>
sealed record GraphStage(bool ByRow, GraphStep[] Steps);

/// <summary>
/// Divides steps into stages, so that images are computed one at a time and stay in the cache, and the weights of linear layers are read
/// once per block of rows. Linear layers between images that later steps still need are computed image by image too.
/// </summary>
static class GraphStages
{
    /// <param name="steps">The steps, in a possible order of computation.</param>
    public static GraphStage[] Of(IReadOnlyList<GraphStep> steps)
    {
        var byRow = steps.Where(step => step.IsOfImages).ToHashSet();
        var made = steps.ToDictionary(step => step.Output);
        while (true)
        {
            var stages = Numbers(steps, byRow, made);
            var between = steps.Where(step => !byRow.Contains(step) && steps.Any(reader => IsBetween(step, reader))).ToArray();
            if (between.Length == 0)
            {
                return [.. steps.GroupBy(step => stages[step]).OrderBy(group => group.Key)
                    .Select(group => new GraphStage(group.Key % 2 == 0, [.. group]))];
            }
            byRow.UnionWith(between);

            // Whether a later step reads an image that a step before this one has made.
            bool IsBetween(GraphStep step, GraphStep reader) =>
                byRow.Contains(reader) && stages[reader] > stages[step] && reader.Inputs.Any(input =>
                    input.Layout.IsImage && made.TryGetValue(input, out var maker) && stages[maker] < stages[step]);
        }
    }

    /// <summary>Even numbers are stages by row, odd ones stages by block. Each step is in the first possible stage.</summary>
    static Dictionary<GraphStep, int> Numbers(
        IReadOnlyList<GraphStep> steps, HashSet<GraphStep> byRow, Dictionary<GraphValue, GraphStep> made)
    {
        var stages = new Dictionary<GraphStep, int>();
        foreach (var step in steps)
        {
            int stage = byRow.Contains(step) ? 0 : 1;
            foreach (var input in step.Inputs)
            {
                if (made.TryGetValue(input, out var maker))
                    stage = Math.Max(stage, byRow.Contains(maker) == byRow.Contains(step) ? stages[maker] : stages[maker] + 1);
            }
            stages.Add(step, stage);
        }
        return stages;
    }
}
