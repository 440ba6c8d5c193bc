namespace MLNet.Pruning.Tool.Recipes;

/// <summary>What a new recipe learns from.</summary>
internal enum RecipeKind
{
    Digits,
    Mnist,
    Fashion,
    Cifar10,
    Cifar100,
    Images,
    Csv,
}

/// <summary>Writes recipes to begin with. A test trains each of them.</summary>
internal static class RecipeTemplate
{
    internal static string Of(RecipeKind kind, string? path, string? label, int size, string folder)
    {
        if (kind == RecipeKind.Digits)
            return Classes("Drawn digits, for which no files are needed.", Digits, [], FullyConnected);
        if (path is null)
            throw new ArgumentException($"Say where the data are: mlprune new {kind.ToString().ToLowerInvariant()} PATH");
        string whole = Path.GetFullPath(path), data = Quoted(Path.GetRelativePath(folder, whole));
        if (kind == RecipeKind.Csv ? !File.Exists(whole) : !Directory.Exists(whole))
            throw new FileNotFoundException($"There is no {(kind == RecipeKind.Csv ? "file" : "folder")} '{path}'.");
        return kind switch
        {
            RecipeKind.Mnist => Classes("MNIST.", Files("LoadMnist", data), [], Vit),
            RecipeKind.Fashion => Classes("FashionMNIST.", Files("LoadFashionMnist", data), [], Vit),
            RecipeKind.Cifar10 => Classes("CIFAR-10.", Files("LoadCifar10", data), [], Convolutions(Many)),
            RecipeKind.Cifar100 => Classes("CIFAR-100.", Files("LoadCifar100", data), [], Convolutions(Many)),
            RecipeKind.Images => Classes(
                $"The pictures in {Path.GetFileName(whole)}, where each class has a folder.", Folder(data), Pictures(size),
                Convolutions(Directory.EnumerateFiles(whole, "*", SearchOption.AllDirectories).Take(Many).Count())),
            _ => Table(TableFile.Read(whole, label), data),
        };
    }

    static string Classes(string title, string data, string[] transforms, string trainer) => Whole(
        title, data, ["{ type: MapValueToKey, outputColumnName: Label }", .. transforms], trainer,
            ["{ type: MapKeyToValue, outputColumnName: PredictedLabel }"]);

    static string Whole(string title, string data, string[] transforms, string trainer, string[] after) =>
        $"""
        # {title} Train it:  mlprune train <this file>
        # Keys are the names of the C# API in camel case; `mlprune schema` writes a schema for editors.
        seed: 1

        data:
        {data}
        {Steps("transforms", transforms)}
        trainer:
        {trainer}
        {Steps("after", after)}
        output:
          report: true
          onnx: false

        """.ReplaceLineEndings("\n");

    static string Steps(string section, string[] steps) =>
        steps.Length == 0 ? "" : $"\n{section}:\n{string.Concat(steps.Select(step => $"  - {step}\n"))}";

    const string Digits = """
          train: { type: SynthesizeDigits, count: 20000, seed: 1 }
          validation: 0.1        # a part of the training rows, measured after each epoch
          test: { type: SynthesizeDigits, count: 3000, seed: 2 }
        """;

    static string Files(string loader, string folder) => $$"""
          train: { type: {{loader}}, directory: {{folder}} }
          validation: 0.1        # a part of the training rows, measured after each epoch
          test: { type: {{loader}}, directory: {{folder}}, split: Test }
        """;

    static string Folder(string folder) => $$"""
          train: { type: LoadImageFolder, directory: {{folder}} }
          test: 0.2              # parts of the rows: none is trained on
          validation: 0.1
        """;

    static string[] Pictures(int size) =>
    [
        "{ type: LoadImages, outputColumnName: Image, imageFolder: '', inputColumnName: ImagePath }",
        $"{{ type: ResizeImages, outputColumnName: Image, imageWidth: {size}, imageHeight: {size} }}",
        "{ type: ExtractPixels, outputColumnName: Pixels, inputColumnName: Image, scaleImage: 0.003921569 }",
    ];

    const string FullyConnected = """
          type: PrunedFeedForward    # or PrunedConvNet, PrunedVit
          featureColumnName: Pixels
          hiddenSizes: [256, 128]
          epochs: 12
          pruning:               # whole neurons: the network becomes smaller
            type: NeuronPruning
            importance: { type: Contribution, average: 0.5, maximum: 0.5 }
            schedule: { type: Stepwise, maturity: 4, every: 1, amount: 0.25, target: 0.7 }
        """;

    const string Vit = """
          type: PrunedVit        # or PrunedFeedForward, PrunedConvNet
          featureColumnName: Pixels
          patchSize: 4
          merge: 0.5             # half of an image's patches merge into others
          epochs: 10
          learningRate: 0.006
          learningRateSchedule: { type: Cosine, warmup: 1 }
          pruning:               # single weights under masks, which may come back
            type: WeightPruning
            schedule: { type: Cubic, start: 0, end: 4, target: 0.9 }
            scheduleIn: Epochs
            distribution: ErdosRenyiKernel
            inactiveDecay: 0.001
        """;

    const int Many = 5_000;

    /// <summary>
    /// A network for pictures. Few of them need small batches, more epochs and gentler pruning, or there are too few steps to learn in.
    /// </summary>
    static string Convolutions(int pictures) => pictures < Many
        ? Convolutions(30, 16, "maturity: 12, every: 2, amount: 0.15, target: 0.3")
        : Convolutions(15, 128, "maturity: 5, every: 1, amount: 0.25, target: 0.7");

    static string Convolutions(int epochs, int batch, string schedule) => $$"""
          type: PrunedConvNet    # or PrunedVit, PrunedFeedForward
          featureColumnName: Pixels
          imageChannels: 3
          channels: [16, 32]
          hiddenSizes: [256, 128]
          epochs: {{epochs}}
          batchSize: {{batch}}
          augmentation: { shift: 2, flip: true }    # flip: false where left and right differ, as in letters and digits
          pruning:               # whole neurons and filters: the network becomes smaller
            type: NeuronPruning
            importance: { type: Contribution, average: 0.5, maximum: 0.5 }
            schedule: { type: Stepwise, {{schedule}} }
        """;

    /// <summary>A recipe for the columns of a table: numbers as they are, texts as a column for each value.</summary>
    static string Table(TableFile table, string path)
    {
        string numeric = table.Texts.Length == 0 ? "Features" : "Numbers";
        string label = Quoted(table.Label);
        bool numbers = table.Numbers.Length > 0;
        string[] columns =
        [
            $"{{ name: {label}, kind: {(table.IsRegression ? "Single" : "String")} }}",
            .. numbers ? [$"{{ name: {numeric}, from: [{string.Join(", ", table.Numbers.Select(Quoted))}] }}"] : Array.Empty<string>(),
            .. table.Texts.Select(name => $"{{ name: {Quoted(name)}, kind: String }}"),
        ];
        string[] parts = numbers ? [numeric, .. table.Texts] : table.Texts;
        string[] transforms =
        [
            .. table.IsRegression ? [] : (string[])[$"{{ type: MapValueToKey, outputColumnName: Label, inputColumnName: {label} }}"],
            .. numbers ? (string[])[$"{{ type: ReplaceMissingValues, outputColumnName: {numeric}, replacementMode: Mean }}",
                $"{{ type: NormalizeMeanVariance, outputColumnName: {numeric}, fixZero: false }}"] : [],
            .. table.Texts.Select(name => $"{{ type: OneHotEncoding, outputColumnName: {Quoted(name)} }}"),
            .. table.Texts.Length > 0
                ? (string[])[$"{{ type: Concatenate, outputColumnName: Features, inputColumnNames: "
                    + $"[{string.Join(", ", parts.Select(Quoted))}] }}"] : [],
        ];
        string data = $"""
              train:
                type: Csv
                path: {path}
                separator: {(table.Separator == '\t' ? "'\\t'" : $"'{table.Separator}'")}
                columns:
            {string.Join("\n", columns.Select(column => $"      - {column}"))}
              test: 0.2              # parts of the rows: none is trained on
              validation: 0.1
            """;
        string trainer = $$"""
              type: PrunedFeedForward
              task: {{(table.IsRegression ? "Regression" : "Multiclass")}}
              labelColumnName: {{(table.IsRegression ? label : "Label")}}
              hiddenSizes: [64, 32]
              epochs: 30
              batchSize: 32
              restoreBest: ValidationLoss
              pruning:               # whole neurons: the network becomes smaller
                type: NeuronPruning
                importance: { type: Contribution, average: 0.5, maximum: 0.5 }
            """;
        return Whole($"{Path.GetFileName(path)}: learns {label} from {table.Numbers.Length + table.Texts.Length} columns.", data,
            transforms, trainer,
            table.IsRegression ? [] : ["{ type: MapKeyToValue, outputColumnName: PredictedLabel }"]);
    }

    /// <summary>A text as YAML takes it, in quotes where it could be taken for something else.</summary>
    static string Quoted(string text) => text.Length > 0 && char.IsLetter(text[0])
        && text.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/')
            && text is not ("true" or "false" or "null")
        ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
