using MLNet.Pruning.Plans.Networks;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>Workspaces that no thread uses now. As many are kept as there are cores, and one more.</summary>
sealed class WorkspacePool(Network network)
{
    readonly Workspace?[] idle = new Workspace?[Environment.ProcessorCount + 1];

    public Workspace Take()
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (idle[i] is not null && Interlocked.Exchange(ref idle[i], null) is { } workspace)
                return workspace;
        }
        return network.NewWorkspace();
    }

    public void Give(Workspace workspace)
    {
        for (int i = 0; i < idle.Length; i++)
        {
            if (idle[i] is null && Interlocked.CompareExchange(ref idle[i], workspace, null) is null)
                return;
        }
    }
}
