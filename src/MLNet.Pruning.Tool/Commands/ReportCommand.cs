using System.CommandLine;
using MLNet.Pruning.Reporting;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Commands;

/// <summary><c>mlprune report</c>: writes a page about the training of one run, or one that compares several.</summary>
internal static class ReportCommand
{
    const int ReloadSeconds = 2;

    // Windows and macOS find a file by its name in any case.
    static StringComparison SamePath =>
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    internal static Command Create()
    {
        var runs = new Argument<string[]>("run")
        {
            Description = "A saved model, a checkpoint, a history as JSON, or a run's folder, of which the newest of these is taken.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<FileInfo?>("--output", "-o")
        {
            Description = "The page to write [default: the run's name with .html, report.html in a folder; comparison.html for several].",
            HelpName = "FILE",
        };
        var watch = new Option<bool>("--watch", "-w")
        {
            Description = "Write the page again whenever a file changes, until the runs are over or Ctrl-C. The page reloads itself.",
        };
        const string Purpose = "Write a page about the training of a run: charts, tables, options, seed and versions; of several runs, "
            + "one that compares them.";
        var command = new Command("report", Purpose) { runs, output, watch };
        command.SetAction((parsed, cancellation) => Errors.Guard(() =>
        {
            Func<bool>? isStopped = parsed.GetValue(watch) ? () => cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(1)) : null;
            var page = Report(parsed.GetValue(runs)!, parsed.GetValue(output)?.FullName, isStopped);
            if (page is not null)
                Console.WriteLine(page);
        }));
        return command;
    }

    /// <summary>Writes the page.</summary>
    /// <param name="paths">The runs.</param>
    /// <param name="output">The page; null for the usual place.</param>
    /// <param name="isStopped">Follows the runs: waits a while, and tells whether to stop. Null to write the page once.</param>
    /// <returns>The page's path; null if it was stopped before there was a run.</returns>
    internal static string? Report(string[] paths, string? output, Func<bool>? isStopped = null)
    {
        var sources = Named(paths);
        var to = output ?? Default(sources);
        if (sources.FirstOrDefault(source => to.Equals(source.Path, SamePath)) is { } same)
            throw new ArgumentException($"The page would replace '{same.Path}'; say --output.");
        if (isStopped is null)
            Write(to, [.. sources.Select(Read)], reloads: false);
        else if (!Watch(sources, to, isStopped))
            return null;
        return to;
    }

    /// <summary>Where a run's history is read from, and what the page calls the run.</summary>
    sealed record Source(string Path, string Name);

    /// <summary>A run as it was read.</summary>
    sealed record Run(string Name, string File, TrainingHistory History);

    /// <summary>Names that tell the runs apart: as much of the paths as it takes.</summary>
    static Source[] Named(string[] paths)
    {
        string[] full = [.. paths.Select(path => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))];
        string[][] parts = [.. full.Select(path => path.Split(Path.DirectorySeparatorChar))];
        for (var length = 1; ; length++)
        {
            string[] names = [.. parts.Select(part => string.Join('/', part.TakeLast(length)))];
            if (names.Distinct().Count() == names.Length || parts.All(part => part.Length <= length))
                return [.. full.Zip(names, (path, name) => new Source(path, name))];
        }
    }

    static string Default(Source[] sources) => sources switch
    {
        [var one] when Directory.Exists(one.Path) => Path.Combine(one.Path, "report.html"),
        [var one] => Path.ChangeExtension(one.Path, ".html"),
        _ => Path.GetFullPath("comparison.html"),
    };

    static Run Read(Source source)
    {
        if (!Directory.Exists(source.Path))
            return new(source.Name, source.Path, TrainingHistory.Load(source.Path));
        foreach (var file in Newest(source.Path))
        {
            try
            {
                return new(source.Name, file, TrainingHistory.Load(file));
            }
            catch (InvalidDataException)
            {
                // Something else, such as another report: an older file may be the one.
            }
        }
        throw new InvalidDataException(
            $"The folder '{source.Path}' has no model with a training history, no checkpoint and no history as JSON.");
    }

    static IEnumerable<string> Newest(string folder) => new DirectoryInfo(folder).EnumerateFiles()
        .Where(file => file.Extension is not (".html" or ".tmp")).OrderByDescending(file => file.LastWriteTimeUtc)
        .Select(file => file.FullName);

    static void Write(string to, Run[] runs, bool reloads)
    {
        int? seconds = reloads ? ReloadSeconds : null;
        if (runs is not [var run])
            ComparisonPage.Save(to, [.. runs.Select(r => (r.Name, r.History))], reloadSeconds: seconds);
        else
            HistoryPage.Save(to, run.History, Path.GetFileName(run.File),
                [("File", $"{run.File}, {Bytes(new FileInfo(run.File).Length)}")], reloadSeconds: seconds);
    }

    /// <summary>
    /// Writes the page whenever a file was written, until all runs are over. Files are written whole, so that none is read half.
    /// </summary>
    static bool Watch(Source[] sources, string to, Func<bool> isStopped)
    {
        Console.WriteLine($"{to} follows the run until it is over, or Ctrl-C.");
        Run[] runs = [];
        string? seen = null, told = null;
        var over = false;
        do
        {
            var now = string.Join('\n', sources.Select(Stamp));
            if (now == seen)
                continue;
            try
            {
                runs = [.. sources.Select(Read)];
                (seen, over) = (now, runs.All(run => run.History.IsOver));
                Write(to, runs, reloads: !over);
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                // A run that has written nothing yet is waited for.
                if (told != e.Message)
                    Console.Error.WriteLine($"Waiting: {told = e.Message}");
            }
        }
        while (!over && !isStopped());
        // A browser that has it open shows the last state, and need not load it again.
        if (!over && runs.Length > 0)
            Write(to, runs, reloads: false);
        return runs.Length > 0;
    }

    static string Stamp(Source source)
    {
        var file = Directory.Exists(source.Path) ? Newest(source.Path).FirstOrDefault() : source.Path;
        var info = file is null ? null : new FileInfo(file);
        return info is { Exists: true } ? $"{info.FullName} {info.Length} {info.LastWriteTimeUtc.Ticks}" : "";
    }
}
