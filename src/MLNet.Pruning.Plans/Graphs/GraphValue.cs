using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>What a step needs of a call: where to compute, the rows that came in, and which of a block's rows are meant.</summary>
readonly unsafe struct StepCall(Workspace workspace, float* rows, int first, int count)
{
    public Workspace Workspace => workspace;

    public float* Rows => rows;

    public int First => first;

    public int Count => count;
}

/// <summary>A value between operations, for one row or for each of a block.</summary>
sealed unsafe class GraphValue(IReadOnlyList<int> shape)
{
    /// <summary>The rows that a caller gave, when there is nothing else.</summary>
    public bool IsExternal { get; init; }

    /// <summary>Numbers that are the same for each row; null where they are computed.</summary>
    public AlignedBuffer<float>? Fixed { get; set; }

    public IReadOnlyList<int> Shape => shape;

    public ValueLayout Layout { get; set; } = null!;

    /// <summary>Whether each row of a block has a place of its own.</summary>
    public bool IsOfBlock { get; set; }

    /// <summary>Whether a convolution reads the zeros around it.</summary>
    public bool NeedsZeros { get; set; }

    /// <summary>Where it begins in the workspace.</summary>
    public int Offset { get; set; }

    /// <summary>Numbers from one row to the next.</summary>
    public nint RowStride => IsExternal || IsOfBlock ? (nint)Layout.Length : 0;

    /// <summary>The first number of a row.</summary>
    public float* At(in StepCall call, int row)
    {
        float* start = Fixed is not null ? Fixed.Pointer : IsExternal ? call.Rows : call.Workspace.At(Offset);
        return start + (row * RowStride) + Layout.Origin;
    }

    /// <summary>Makes what lies around the pixels zero again, behind a step that has written over it.</summary>
    public void Frame(float* values)
    {
        if (!NeedsZeros)
            return;
        var layout = Layout;
        Clear(values - layout.Origin, layout.Origin);
        int gap = layout.LineStride - layout.Width;
        for (int plane = 0; plane < layout.Planes; plane++, values += layout.PlaneStride)
        {
            float* end = values + layout.Width;
            for (int line = 1; line < layout.Height; line++, end += layout.LineStride)
            {
                for (int i = 0; i < gap; i++)
                    end[i] = 0;
            }
            Clear(end, layout.PlaneStride - layout.Lanes);
        }
    }

    static void Clear(float* from, int count) => new Span<float>(from, count).Clear();
}
