using MLNet.Pruning.Plans;
using MLNet.Pruning.Tokens;
using DataType = MLNet.Pruning.Onnx.Format.TensorProto.Types.DataType;

namespace MLNet.Pruning.Onnx;

/// <summary>A vision transformer as an ONNX graph: from images, or from merged tokens, to logits.</summary>
/// <param name="graph">The graph.</param>
/// <param name="vit">The network.</param>
/// <param name="weights">Its weights.</param>
/// <param name="merging">How images are cut if merging is not part of the network; null if it is, or if the network reads tokens.</param>
sealed class VitGraph(GraphBuilder graph, VitDescription vit, NetworkWeights weights, PatchGrid? merging)
{
    readonly int dim = vit.Dim, patches = vit.Grid.Count, apart = vit.Pooling == VitPooling.ClassToken ? 1 : 0;

    /// <param name="input">[batch, numbers of a row]</param>
    public string Logits(string input)
    {
        var (x, sizes) = Embed(input);
        int tokens = vit.Tokens + apart;
        if (apart > 0)
            (x, sizes) = WithClassToken(x, sizes);
        int[] merges = vit.BlockMerges();
        for (int b = 0; b < vit.Depth; b++)
        {
            string name = $"blocks.{b}";
            x = graph.Add("Add", [x, Attention(name, vit.Heads[b], x, sizes, tokens)]);
            string seen = Norm($"{name}.hiddenNorm", x);
            if (merges[b] > 0)
            {
                (x, sizes) = Merge(x, sizes, seen, tokens, merges[b]);
                tokens -= merges[b];
                seen = Norm($"{name}.hiddenNorm", x);
            }
            string hidden = graph.Activate(vit.Activation, graph.TokenLinear(weights, $"{name}.hidden", seen, vit.Hidden[b], dim));
            x = graph.Add("Add", [x, graph.TokenLinear(weights, $"{name}.output", hidden, dim, vit.Hidden[b])]);
        }
        return graph.Linear(weights, "logits", Norm("norm", Pool(x, sizes)), vit.Classes, dim);
    }

    string Norm(string name, string x) => graph.LayerNorm(weights, name, x, dim, vit.NormEpsilon);

    /// <summary>Tokens, [batch, tokens, dim], and the number of patches of each, [batch, tokens, 1]; null if all are 1.</summary>
    (string X, string? Sizes) Embed(string input)
    {
        int width = vit.Grid.TokenWidth, left = vit.Tokens;
        var table = weights.Get("positions.weight", patches, dim);
        string positions = graph.Floats("positions.weight", table, patches, dim);
        var grid = merging ?? (vit.Input == VitInput.Pixels ? vit.Grid : null);
        if (grid is not null && left == patches)
        {
            string cut = MergingGraph.Cut(graph, grid, input);
            return (graph.Add("Add", [graph.TokenLinear(weights, "embedding", cut, dim, width), positions]), null);
        }
        string values, sizes, members;
        if (grid is not null)
        {
            (values, sizes, members, _) = MergingGraph.Merge(graph, grid, left, input);
        }
        else
        {
            string[] parts = graph.Add("Split", [input, graph.Integers(left * width, left, patches)], 3, ("axis", 1L));
            values = graph.Reshape(parts[0], -1, left, width);
            sizes = graph.Reshape(parts[1], -1, left, 1);
            members = MergingGraph.Members(graph, graph.Add("Cast", [parts[2]], ("to", (long)DataType.Int64)), left);
        }
        string means = graph.Add("Div", [graph.Add("MatMul", [members, positions]), sizes]);
        return (graph.Add("Add", [graph.TokenLinear(weights, "embedding", values, dim, width), means]), sizes);
    }

    (string X, string? Sizes) WithClassToken(string x, string? sizes)
    {
        string token = graph.Floats("classToken.weight", weights.Get("classToken.weight", 1, dim), 1, 1, dim);
        string all = graph.Add("Concat", [graph.PerRow(token, x, 1, dim), x], ("axis", 1L));
        if (sizes is null)
            return (all, null);
        string one = graph.PerRow(graph.Floats("class_size", [1], 1, 1, 1), x, 1, 1);
        return (all, graph.Add("Concat", [one, sizes], ("axis", 1L)));
    }

    string Attention(string name, int heads, string x, string? sizes, int tokens)
    {
        int size = vit.HeadSize, width = checked(heads * size);
        string normal = Norm($"{name}.attentionNorm", x);
        string all = graph.TokenLinear(weights, $"{name}.attention.qkv", normal, 3 * width, dim);
        string[] parts = graph.Add("Split", [all, graph.Integers(width, width, width)], 3, ("axis", 2L));
        string queries = Heads(parts[0], 0, 2, 1, 3), keys = Heads(parts[1], 0, 2, 3, 1), values = Heads(parts[2], 0, 2, 1, 3);
        string logits = graph.Add("Div", [graph.Add("MatMul", [queries, keys]), graph.Float(MathF.Sqrt(size))]);
        if (sizes is not null)
        {
            // Each key weighs as much as its patches.
            string logarithms = graph.Reshape(graph.Add("Log", [sizes]), -1, 1, 1, tokens);
            logits = graph.Add("Add", [logits, logarithms]);
        }
        string mixed = graph.Transpose(graph.Add("MatMul", [graph.Softmax(logits), values]), 0, 2, 1, 3);
        return graph.TokenLinear(weights, $"{name}.attention.projection", graph.Reshape(mixed, -1, tokens, width), dim, width);

        string Heads(string part, params long[] order) => graph.Transpose(graph.Reshape(part, -1, tokens, heads, size), order);
    }

    /// <summary>Merges the tokens that are most similar as the hidden layer sees them, into size-weighted means.</summary>
    (string X, string Sizes) Merge(string x, string? sizes, string seen, int tokens, int merge)
    {
        int free = tokens - apart, left = tokens - merge;
        string candidates = apart == 0
            ? seen
            : graph.Add("Slice", [seen, graph.Integers(apart), graph.Integers(tokens), graph.Integers(1)]);
        string sources = MergingGraph.Match(graph, candidates, free, merge);
        if (apart > 0)
        {
            string first = graph.PerRow(graph.Integer(0), x, 1);
            sources = graph.Add("Concat", [first, graph.Add("Add", [sources, graph.Integer(1)])], ("axis", 1L));
        }
        string members = MergingGraph.Members(graph, sources, left);
        if (sizes is null)
        {
            string counts = graph.Add("ReduceSum", [members, graph.Integers(2)], ("keepdims", 1L));
            return (graph.Add("Div", [graph.Add("MatMul", [members, x]), counts]), counts);
        }
        string total = graph.Add("MatMul", [members, sizes]);
        return (graph.Add("Div", [graph.Add("MatMul", [members, graph.Add("Mul", [x, sizes])]), total]), total);
    }

    /// <summary>The class token, or the mean over the image's area.</summary>
    string Pool(string x, string? sizes)
    {
        if (apart > 0)
            return graph.Add("Gather", [x, graph.Integer(0)], ("axis", 1L));
        if (sizes is null)
            return graph.Add("ReduceMean", [x], ("axes", new long[] { 1 }), ("keepdims", 0L));
        string sum = graph.Add("ReduceSum", [graph.Add("Mul", [x, sizes]), graph.Integers(1)], ("keepdims", 0L));
        return graph.Add("Div", [sum, graph.Float(patches)]);
    }
}
