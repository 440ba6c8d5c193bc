using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning.Protocol;

/// <summary>What makes a run what it is. Two runs with equal plans have equal results.</summary>
/// <param name="Study">Its name.</param>
/// <param name="Method">Its name.</param>
/// <param name="Setting">The values of what the method lets one choose.</param>
/// <param name="Fraction">What is to be pruned; 0 for the unpruned network.</param>
/// <param name="Seed">Of weights, batches and draws.</param>
/// <param name="Epochs">Of a training.</param>
/// <param name="Rows">The rows that were read of the training set; null for all.</param>
/// <param name="Validation">The rows that were held out of these.</param>
sealed record RunPlan(string Study, string Method, SortedDictionary<string, double> Setting, double Fraction, int Seed, int Epochs,
    long? Rows, int Validation)
{
    /// <summary>The name of its files: readable, and with a digest of everything.</summary>
    [JsonIgnore]
    public string Key => Invariant($"{Study}-{Method}-{100 * Fraction:0}-seed{Seed}-{Digest(JsonSerializer.Serialize(this))}");

    public static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 5));
}

/// <summary>The result of a run: a file.</summary>
/// <param name="Plan">The run.</param>
/// <param name="Pruned">The fraction that is gone.</param>
/// <param name="Unit">Of what: neurons of the pruned groups, or weights.</param>
/// <param name="EpochsSeen">Epochs of all of its trainings.</param>
/// <param name="RunningTrainAccuracy">The running mean of the last epoch, while its weights changed: what the paper reports.</param>
/// <param name="TrainAccuracy">On the same rows, evaluated after that epoch.</param>
/// <param name="ValidationAccuracy">On the rows that were held out.</param>
/// <param name="TestAccuracy">On the test set; null in a tuning run, which never sees it.</param>
/// <param name="Parameters">What is left, zeros included.</param>
/// <param name="Seconds">Of the whole run.</param>
sealed record RunResult(RunPlan Plan, double Pruned, string Unit, int EpochsSeen, double RunningTrainAccuracy, double TrainAccuracy,
    double ValidationAccuracy, double? TestAccuracy, long Parameters, double Seconds)
{
    static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public static RunResult? Load(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize<RunResult>(File.ReadAllText(path), indented) : null;

    public void Save(string path) => Whole(path, JsonSerializer.Serialize(this, indented));

    /// <summary>Writes a file whole or not at all.</summary>
    public static void Whole(string path, string text)
    {
        File.WriteAllText(path + ".part", text);
        File.Move(path + ".part", path, overwrite: true);
    }
}
