using MLNet.Pruning.Fuzz;
using SharpFuzz;

// Thrown when a reader has broken a promise: what AFL++ counts as a crash.
static void Check(FileReader reader, byte[] content, string folder)
{
    if (reader.Complaint(reader.Mend(content), folder) is { } complaint)
        throw new InvalidOperationException(complaint);
}

static FileReader Find(string name) => Readers.All.FirstOrDefault(reader => reader.Name == name)
    ?? throw new ArgumentException($"There is no reader '{name}'; there are {string.Join(", ", Readers.All.Select(reader => reader.Name))}.");

static string Scratch() => Directory.CreateTempSubdirectory("mlnet-pruning-fuzz-").FullName;

switch (args)
{
    case ["readers"]:
        foreach (var reader in Readers.All)
            Console.WriteLine(reader.Name);
        return 0;
    case ["corpus", var folder]:
        Corpus.Write(folder);
        return 0;
    case ["instrument", .. var assemblies]:
        // Counts branches in these assemblies, which are overwritten.
        foreach (string assembly in assemblies)
            Fuzzer.Instrument(assembly, _ => true, Options.Value);
        return 0;
    case ["run", var name]:
    {
        // Code that counts its branches can run only inside: before, there is no memory for the counts.
        FileReader? reader = null;
        string scratch = Scratch();
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var content = new MemoryStream();
            stream.CopyTo(content);
            Check(reader ??= Find(name), content.ToArray(), scratch);
        });
        return 0;
    }
    case ["check", var name, .. var files]:
    {
        var (reader, scratch) = (Find(name), Scratch());
        int broken = 0;
        foreach (string file in files)
        {
            if (reader.Complaint(reader.Mend(File.ReadAllBytes(file)), scratch) is not { } complaint)
                continue;
            broken++;
            Console.WriteLine($"{file}{Environment.NewLine}{complaint}{Environment.NewLine}");
        }
        Directory.Delete(scratch, recursive: true);
        return broken == 0 ? 0 : 1;
    }
    case ["mutate", var name, var corpus, var count, var seed]:
    {
        var (reader, scratch, mutator) = (Find(name), Scratch(), new Mutator(int.Parse(seed, null)));
        byte[][] seeds = [.. Directory.GetFiles(Path.Combine(corpus, name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        for (int i = 0; i < int.Parse(count, null); i++)
        {
            byte[] content = reader.Change(seeds[i % seeds.Length], mutator);
            if (reader.Complaint(content, scratch) is { } complaint)
                Console.WriteLine($"{i}: {complaint}{Environment.NewLine}");
        }
        Directory.Delete(scratch, recursive: true);
        return 0;
    }
    default:
        Console.Error.WriteLine("usage: readers | corpus FOLDER | instrument DLL... | run READER | check READER FILE... | mutate READER CORPUS COUNT SEED");
        return 2;
}
