using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Training;

/// <summary>A history in a model's file: a version, and JSON under Brotli, with a list for each column of the steps.</summary>
static class SavedHistory
{
    const byte Version = 1;

    // A column's number of two to eight bytes becomes one of eight, in lists that grow, and a part of a step.
    const int MemoryFactor = 12;

    /// <summary>
    /// Writes a history. Samples of steps and scores of neurons have six digits: they are drawn and compared, and the digits beyond would
    /// be most of the file.
    /// </summary>
    public static byte[] Write(TrainingHistory history)
    {
        using var stream = new MemoryStream();
        stream.WriteByte(Version);
        using (var compressed = new BrotliStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        using (var json = new Utf8JsonWriter(compressed))
            JsonSerializer.Serialize(json, Columns(history), SavedHistoryJson.Default.HistoryColumns);
        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of a later version.</exception>
    public static TrainingHistory Read(byte[] content)
    {
        if (content is not [Version, ..])
            throw new InvalidDataException($"the training history is of version {(content.Length > 0 ? content[0] : 0)}; this library "
                + $"reads version {Version}.");
        using var json = new BrotliStream(new MemoryStream(content, 1, content.Length - 1), CompressionMode.Decompress);
        try
        {
            var columns = GuardedStream.Json(json, SavedHistoryJson.Default.HistoryColumns, MemoryFactor);
            return Rows(columns ?? throw new InvalidDataException("the training history is null."));
        }
        catch (InvalidOperationException failure)
        {
            throw new InvalidDataException($"the training history is damaged: {failure.Message}", failure);
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException($"this is not a training history: {failure.Message}", failure);
        }
    }

    static HistoryColumns Columns(TrainingHistory history)
    {
        var (steps, before) = (history.Steps, new StepRecord(0, 0, 0, 0));
        return new(
            history with
            {
                Steps = [],
                Events = [.. history.Events.Select(e => e with
                {
                    Groups = [.. e.Groups.Select(group => group with { Scores = [.. group.Scores.Select(Short)] })],
                })],
            },
            [.. steps.Select((step, i) => step.Step - (i > 0 ? steps[i - 1] : before).Step)],
            [.. steps.Select((step, i) => step.Epoch - (i > 0 ? steps[i - 1] : before).Epoch)],
            [.. steps.Select(step => Short(step.Loss))],
            [.. steps.Select(step => Short(step.LearningRate))]);
    }

    static TrainingHistory Rows(HistoryColumns columns)
    {
        var count = columns.Steps.Length;
        if (columns.Epochs.Length != count || columns.Losses.Length != count || columns.LearningRates.Length != count)
            throw new InvalidDataException("the columns of the training history's steps have different lengths.");
        var (step, epoch) = (0L, 0);
        for (var i = 0; i < count; i++)
        {
            (step, epoch) = (step + columns.Steps[i], epoch + columns.Epochs[i]);
            columns.History.Steps.Add(new(step, epoch, columns.Losses[i], columns.LearningRates[i]));
        }
        return columns.History;
    }

    static double Short(double value) =>
        double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}

/// <summary>A history without its steps, and their columns; steps and epochs as differences to the row before.</summary>
sealed record HistoryColumns(TrainingHistory History, long[] Steps, int[] Epochs, double[] Losses, double[] LearningRates);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HistoryColumns))]
sealed partial class SavedHistoryJson : JsonSerializerContext;
