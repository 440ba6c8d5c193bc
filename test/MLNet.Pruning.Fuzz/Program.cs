using System.Globalization;
using MLNet.Pruning.Fuzz;
using SharpFuzz;

return args switch
{
    ["readers"] => List(),
    ["corpus", var folder] => WriteCorpus(folder),
    ["instrument", .. var assemblies] => Instrument(assemblies),
    ["run", var name] => Run(name),
    ["check", var name, .. var files] => Check(Find(name), files.Select(file => (file, Find(name).Mend(File.ReadAllBytes(file))))),
    ["mutate", var name, var corpus, var count, var seed] => Check(Find(name), Mutated(Find(name), corpus, Number(count), Number(seed))),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: readers | corpus FOLDER | instrument DLL... | run READER | check READER FILE... | mutate READER CORPUS COUNT SEED");
    return 2;
}

static int List()
{
    foreach (var reader in Readers.All)
        Console.WriteLine(reader.Name);
    return 0;
}

static int WriteCorpus(string folder)
{
    Corpus.Write(folder);
    return 0;
}

// Counts branches in these assemblies, which are overwritten.
static int Instrument(string[] assemblies)
{
    foreach (string assembly in assemblies)
        Fuzzer.Instrument(assembly, _ => true, Options.Value);
    return 0;
}

// Under afl-fuzz, which counts an exception as a crash.
static int Run(string name)
{
    // Code that counts its branches can run only inside: before, there is no memory for the counts.
    FileReader? reader = null;
    string scratch = Scratch();
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var content = new MemoryStream();
        stream.CopyTo(content);
        reader ??= Find(name);
        if (reader.Complaint(reader.Mend(content.ToArray()), scratch) is { } complaint)
            throw new InvalidOperationException(complaint);
    });
    return 0;
}

// Prints what is wrong with the reading of each file; the result says whether anything was.
static int Check(FileReader reader, IEnumerable<(string Name, byte[] Content)> files)
{
    string scratch = Scratch();
    int broken = 0;
    foreach (var (name, content) in files)
    {
        if (reader.Complaint(content, scratch) is not { } complaint)
            continue;
        broken++;
        Console.WriteLine($"{name}: {complaint}{Environment.NewLine}");
    }
    Directory.Delete(scratch, recursive: true);
    return broken == 0 ? 0 : 1;
}

static IEnumerable<(string, byte[])> Mutated(FileReader reader, string corpus, int count, int seed)
{
    var mutator = new Mutator(seed);
    byte[][] seeds = [.. Directory.GetFiles(Path.Combine(corpus, reader.Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    for (int i = 0; i < count; i++)
        yield return ($"{i}", reader.Change(seeds[i % seeds.Length], mutator));
}

static FileReader Find(string name) => Readers.All.FirstOrDefault(reader => reader.Name == name)
    ?? throw new ArgumentException($"There is no reader '{name}'; there are {string.Join(", ", Readers.All.Select(reader => reader.Name))}.");

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static string Scratch() => Directory.CreateTempSubdirectory("mlnet-pruning-fuzz-").FullName;
