namespace MLNet.Pruning.Neurons;

/// <summary>Features that belong together (union-find), and those that must stay with the reason.</summary>
sealed class Links(int count)
{
    readonly int[] parent = [.. Enumerable.Range(0, count)];
    readonly string?[] reasons = new string?[count];

    public int Find(int node)
    {
        while (parent[node] != node)
            node = parent[node] = parent[parent[node]];
        return node;
    }

    public void Join(int a, int b)
    {
        (a, b) = (Find(a), Find(b));
        if (a == b)
            return;
        parent[b] = a;
        reasons[a] ??= reasons[b];
    }

    public void Fix(int node, string reason) => reasons[Find(node)] ??= reason;

    public string? WhyFixed(int node) => reasons[Find(node)];
}
