using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Places values and scratch memory so that those that are never in use at the same time share memory.</summary>
sealed class GraphMemory
{
    sealed record Piece(long Length, int First, int Last, Action<int> Place);

    const int Around = 64;

    readonly List<Piece> pieces = [];

    /// <summary>The total size.</summary>
    public long Length { get; private set; }

    /// <param name="result">The value that stays in use to the end.</param>
    public GraphMemory(GraphStage[] stages, GraphValue result, int blockRows)
    {
        var uses = new Dictionary<GraphValue, (int First, int Last, int Stage, bool Crosses)>();
        int index = 0;
        for (int s = 0; s < stages.Length; s++)
        {
            foreach (var step in stages[s].Steps)
            {
                foreach (var value in step.Inputs.Append(step.Output).Where(value => value is { IsExternal: false, Fixed: null }))
                {
                    var (first, _, stage, crosses) = uses.GetValueOrDefault(value, (index, index, s, !stages[s].ByRow));
                    uses[value] = (first, index, stage, crosses || stage != s);
                }
                if (step.Scratch > 0)
                    pieces.Add(new(step.Scratch, index, index, place => step.ScratchOffset = place));
                index++;
            }
        }
        // A stage by row restarts with each row: what other stages have written or will read must be kept for all of it.
        var bounds = new List<(int First, int Last)>();
        foreach (var stage in stages)
        {
            int first = bounds.Count == 0 ? 0 : bounds[^1].Last + 1;
            bounds.Add((first, first + stage.Steps.Length - 1));
        }
        foreach (var (value, use) in uses)
        {
            value.IsOfBlock = use.Crosses || value == result;
            var (first, last) = (use.First, value == result ? index : use.Last);
            if (value.IsOfBlock)
            {
                foreach (var (stage, bound) in stages.Zip(bounds))
                {
                    if (stage.ByRow && first <= bound.Last && last >= bound.First)
                        (first, last) = (Math.Min(first, bound.First), Math.Max(last, bound.Last));
                }
            }
            pieces.Add(new(checked((value.IsOfBlock ? blockRows : 1) * value.Layout.Length), first, last, place => value.Offset = place));
        }
        PlaceAll();
    }

    /// <summary>Places the largest values first, each at the first free place.</summary>
    void PlaceAll()
    {
        var placed = new List<(long Start, long End, Piece Piece)>();
        foreach (var piece in pieces.OrderByDescending(piece => piece.Length))
        {
            long start = 0, length = ((piece.Length + 15) & ~15L) + Around;
            foreach (var (from, to, other) in placed.Where(p => p.Piece.First <= piece.Last && p.Piece.Last >= piece.First)
                .OrderBy(p => p.Start))
            {
                if (from >= start + length)
                    break;
                start = Math.Max(start, to);
            }
            placed.Add((start, start + length, piece));
            Length = WorkspaceLayout.Check(Math.Max(Length, start + length));
            piece.Place((int)start);
        }
    }
}
