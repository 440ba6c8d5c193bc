using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>The context of a call: the workspace, the rows of input, and the range of the block's rows to compute.</summary>
readonly unsafe struct StepCall(Workspace workspace, float* rows, int first, int count)
{
    public Workspace Workspace => workspace;

    public float* Rows => rows;

    public int First => first;

    public int Count => count;
}

/// <summary>The result of an operation, for one row or for each row of a block.</summary>
sealed unsafe class GraphValue(IReadOnlyList<int> shape)
{
    /// <summary>Whether the value is the caller's rows themselves.</summary>
    public bool IsExternal { get; init; }

    /// <summary>Numbers that are the same for each row; null if they are computed.</summary>
    public AlignedBuffer<float>? Fixed { get; set; }

    public IReadOnlyList<int> Shape => shape;

    public ValueLayout Layout { get; set; } = null!;

    /// <summary>Whether each row of a block has its own memory.</summary>
    public bool IsOfBlock { get; set; }

    /// <summary>Whether a convolution reads zeros around the value.</summary>
    public bool NeedsZeros { get; set; }

    /// <summary>Its offset in the workspace.</summary>
    public int Offset { get; set; }

    /// <summary>The distance between rows.</summary>
    public nint RowStride => IsExternal || IsOfBlock ? (nint)Layout.Length : 0;

    /// <summary>The address of a row.</summary>
    public float* At(in StepCall call, int row)
    {
        float* start = Fixed is not null ? Fixed.Pointer : IsExternal ? call.Rows : call.Workspace.At(Offset);
        return start + (row * RowStride) + Layout.Origin;
    }

    /// <summary>Sets the memory around the pixels to zero again, after a step that has overwritten it.</summary>
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
