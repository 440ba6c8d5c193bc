namespace MLNet.Pruning.Tests;

/// <summary>Reference values: those of the shared folder beside the repository where there is one, and otherwise the copy kept here.</summary>
static class Golden
{
    public static string Path(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var shared = System.IO.Path.Combine(folder.FullName, "..", "shared", "golden", name);
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "MLNet.Pruning.sln")) && File.Exists(shared))
                return shared;
        }
        return System.IO.Path.Combine(AppContext.BaseDirectory, "golden", name);
    }
}
