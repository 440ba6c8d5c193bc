namespace MLNet.Pruning.Recipes.Tests;

/// <summary>Recipes that tests begin with.</summary>
static class Recipes
{
    public const string Vit = """
        seed: 1
        data:
          train: { type: SynthesizeDigits, count: 600, seed: 1 }
          validation: 0.1
          test: { type: SynthesizeDigits, count: 200, seed: 2 }
        transforms:
          - { type: MapValueToKey, outputColumnName: Label }
          - { type: MergeTokens, outputColumnName: Tokens, inputColumnName: Pixels, imageHeight: 28, imageWidth: 28, patchSize: 7 }
        trainer:
          type: PrunedVit
          featureColumnName: Tokens
          dim: 16
          heads: 2
          depth: 2
          epochs: 3
          learningRateSchedule: { type: Exponential, factor: 0.9, withWarmup: { length: 4 } }
          earlyStopping: { metric: validationAccuracy, patience: 3 }
          pruning:
            type: CombinedPruning
            parts:
              - type: WeightPruning
                schedule: { type: cubic, start: 0, end: 2, target: 0.9 }
                scheduleIn: Epochs
                criterion: Magnitude
              - type: NeuronPruning
                importance: { type: Contribution, average: 0.3, maximum: 0.7 }
                schedule: { type: Stepwise, maturity: 1, every: 1, amount: 0.25, target: 0.5 }
        after:
          - { type: MapKeyToValue, outputColumnName: PredictedLabel }
        """;

    public const string Houses = """
        seed: 3
        data:
          train:
            type: Csv
            path: houses.csv
            columns:
              - { name: Price }
              - { name: Features, from: [area, rooms, age] }
          test: 0.2
        transforms:
          - { type: NormalizeMeanVariance, outputColumnName: Features }
        trainer:
          type: PrunedFeedForward
          task: Regression
          labelColumnName: Price
          hiddenSizes: [16, 8]
          epochs: 4
          batchSize: 16
          loss: Absolute
          pruning: { type: NeuronPruning, importance: Taylor }
        """;

    /// <summary>Writes the file that <see cref="Houses"/> reads.</summary>
    public static void WriteHouses(string folder)
    {
        var random = new Random(1);
        File.WriteAllLines(Path.Combine(folder, "houses.csv"), ["age,\"Price\",area,town,rooms", .. Enumerable.Range(0, 120).Select(_ =>
        {
            int age = random.Next(100), area = random.Next(40, 200), rooms = random.Next(1, 7);
            return FormattableString.Invariant($"{age},{(area * 3) + (rooms * 20) - age + random.Next(10)},{area},\"Ulm, {age}\",{rooms}");
        })]);
    }
}
