using MLNet.Pruning.Tokens;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>Single-pass token merging as ONNX operators, with the same ties and rounding as <see cref="TokenMatcher"/>.</summary>
static class MergingGraph
{
    /// <summary>Cuts images, [batch, values of an image], into patches, [batch, patches, values].</summary>
    public static string Cut(GraphBuilder graph, PatchGrid grid, string image)
    {
        string x = graph.Reshape(image, -1, grid.Channels, grid.Height, grid.Width);
        var (height, width) = (grid.Rows * grid.PatchSize, grid.Columns * grid.PatchSize);
        if ((height, width) != (grid.Height, grid.Width))
            x = graph.Add("Pad", [x, graph.Integers(0, 0, 0, 0, 0, 0, height - grid.Height, width - grid.Width)]);
        x = graph.Reshape(x, -1, grid.Channels, grid.Rows, grid.PatchSize, grid.Columns, grid.PatchSize);
        return graph.Reshape(graph.Transpose(x, 0, 2, 4, 3, 5, 1), -1, grid.Count, grid.TokenWidth);
    }

    /// <summary>Cuts and merges images: tokens [batch, survivors, values], sizes [batch, survivors, 1], members and sources.</summary>
    public static (string Values, string Sizes, string Members, string Sources) Merge(
        GraphBuilder graph, PatchGrid grid, int survivors, string image)
    {
        string cut = Cut(graph, grid, image);
        string sources = Match(graph, cut, grid.Count, grid.Count - survivors);
        string members = Members(graph, sources, survivors);
        string sizes = graph.Add("ReduceSum", [members, graph.Integers(2)], ("keepdims", 1L));
        return (graph.Add("Div", [graph.Add("MatMul", [members, cut]), sizes]), sizes, members, sources);
    }

    /// <summary>The survivor of each token, [batch, tokens], as integers.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tokens">[batch, count, values]</param>
    /// <param name="count">Tokens.</param>
    /// <param name="merge">Tokens that merge.</param>
    public static string Match(GraphBuilder graph, string tokens, int count, int merge)
    {
        if (merge == 0)
            return graph.PerRow(graph.Integers([.. Enumerable.Range(0, count).Select(n => (long)n)]), tokens, count);
        var (evens, odds) = ((count + 1) / 2, count / 2);
        string x = graph.Add("Cast", [tokens], ("to", (long)DataType.Double));
        string even = EverySecond(0), odd = EverySecond(1);
        string similarity = Similarity(graph, even, odd);
        string best = graph.Add("ReduceMax", [similarity], ("axes", new long[] { 2 }), ("keepdims", 0L));
        string partner = graph.Add("ArgMax", [similarity], ("axis", 2L), ("keepdims", 0L));

        // The even tokens that merge have a 1 each; every token counts the remaining ones before it.
        string merging = graph.Add("TopK", [best, graph.Integers(merge)], 2, ("axis", 1L))[1];
        string ones = graph.Add("Expand", [graph.Integer(1), graph.Add("Shape", [merging])]);
        string gone = graph.Add("ScatterElements", [graph.PerRow(graph.Integer(0), tokens, evens), merging, ones], ("axis", 1L));
        string stays = graph.Add("Sub", [graph.Integer(1), gone]);
        long[] mixed = [.. Enumerable.Range(0, count).Select(n => n % 2 == 0 ? n / 2L : evens + (n / 2L))];
        string all = graph.Add("Concat", [stays, graph.PerRow(graph.Integer(1), tokens, odds)], ("axis", 1L));
        string inOrder = graph.Add("Gather", [all, graph.Integers(mixed)], ("axis", 1L));
        string places = graph.Add("Sub", [graph.Add("CumSum", [inOrder, graph.Integer(1)]), graph.Integer(1)]);
        string oddPlaces = Slice(places, 1), evenPlaces = Slice(places, 0);
        string partners = graph.Add("GatherElements", [oddPlaces, partner], ("axis", 1L));
        string evenSources = graph.Add("Where", [graph.Add("Cast", [gone], ("to", (long)DataType.Bool)), partners, evenPlaces]);
        return graph.Add("Gather", [graph.Add("Concat", [evenSources, oddPlaces], ("axis", 1L)), graph.Integers(mixed)], ("axis", 1L));

        string EverySecond(int first) => Slice(x, first);

        string Slice(string of, int first) =>
            graph.Add("Slice", [of, graph.Integers(first), graph.Integers(count), graph.Integers(1), graph.Integers(2)]);
    }

    /// <summary>The tokens of each survivor: [batch, survivors, tokens] of zeros and ones.</summary>
    public static string Members(GraphBuilder graph, string sources, int survivors)
    {
        string values = graph.Floats("off_on", [0, 1], 2);
        return graph.Add("OneHot", [sources, graph.Integers(survivors), values], ("axis", 1L));
    }

    /// <summary>
    /// cos |cos| in double, rounded to 32 bits, so that tokens that are multiples of each other are exactly equally similar.
    /// </summary>
    static string Similarity(GraphBuilder graph, string even, string odd)
    {
        string product = graph.Add("MatMul", [even, graph.Transpose(odd, 0, 2, 1)]);
        string a = Norms(even), b = graph.Transpose(Norms(odd), 0, 2, 1), zero = graph.Double(0);
        string q = graph.Add("Mul", [graph.Add("Div", [product, a]), graph.Add("Div", [graph.Add("Abs", [product]), b])]);
        string c = graph.Add("Mul", [q, graph.Double(ExactCosine.Split)]);
        string rounded = graph.Add("Sub", [c, graph.Add("Sub", [c, q])]);
        string evenZero = graph.Add("Equal", [a, zero]), oddZero = graph.Add("Equal", [b, zero]);
        string both = graph.Add("And", [evenZero, oddZero]), either = graph.Add("Or", [evenZero, oddZero]);
        return graph.Add("Where", [both, graph.Double(1), graph.Add("Where", [either, zero, rounded])]);

        string Norms(string x) => graph.Add("ReduceSum", [graph.Add("Mul", [x, x]), graph.Integers(2)], ("keepdims", 1L));
    }
}
