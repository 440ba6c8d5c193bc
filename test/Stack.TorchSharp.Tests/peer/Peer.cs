using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests;

/// <summary>
/// Numbers made by PyTorch itself: runs a script of the peer folder with the system's Python and reads the JSON it
/// prints. (No script may have the name of one of Python's own modules.) A tensor is {"shape": [...], "values": [...]}; what JSON has no number for is "nan", "inf" or "-inf".
/// </summary>
static class Peer
{
    const string Python = "/usr/bin/python3";
    static readonly ConcurrentDictionary<string, Lazy<JsonDocument>> answers = new();

    internal static JsonDocument Run(string script) => answers.GetOrAdd(script, name => new(() => Ask(name))).Value;

    static JsonDocument Ask(string script)
    {
        if (!File.Exists(Python))
            Assert.Inconclusive($"NOT COMPARED WITH PYTORCH: {Python} is missing, so {script} could not run. Install python3-torch.");
        var start = new ProcessStartInfo(Python, Path.Combine(AppContext.BaseDirectory, "peer", script))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (errors.Result.Contains("No module named 'torch'", StringComparison.Ordinal))
            Assert.Inconclusive($"NOT COMPARED WITH PYTORCH: {Python} has no torch, so {script} could not run. Install python3-torch.");
        Assert.AreEqual(0, process.ExitCode, $"{script} failed: {errors.Result}");
        return JsonDocument.Parse(output);
    }

    internal static double[] Values(JsonElement tensor) => [.. tensor.GetProperty("values").EnumerateArray().Select(Number)];

    internal static long[] Shape(JsonElement tensor) => [.. tensor.GetProperty("shape").EnumerateArray().Select(v => v.GetInt64())];

    /// <summary>The tensor of the script as one of the given type.</summary>
    internal static Tensor Tensor(JsonElement tensor, ScalarType type = ScalarType.Float64) => torch.tensor(Values(tensor), Shape(tensor), dtype: type);

    static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.String => value.GetString() switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, _ => double.NegativeInfinity },
        _ => value.GetDouble(),
    };

    /// <summary>What differs between the tensor and PyTorch's, or null if nothing does.</summary>
    internal static string? Difference(JsonElement expected, Tensor actual, double tolerance = 1e-12)
    {
        using var scope = NewDisposeScope();
        var shape = Shape(expected);
        if (!shape.AsSpan().SequenceEqual(actual.shape))
            return $"shape [{string.Join(',', actual.shape)}] instead of [{string.Join(',', shape)}]";
        if (expected.TryGetProperty("dtype", out var dtype) && dtype.GetString() != Name(actual.dtype))
            return $"dtype {actual.dtype} instead of {dtype}";
        var wanted = Values(expected);
        var found = actual.detach().to(float64).contiguous().data<double>().ToArray();
        for (var k = 0; k < wanted.Length; k++)
        {
            var same = wanted[k].Equals(found[k]) || Math.Abs(wanted[k] - found[k]) <= tolerance * (1 + Math.Abs(wanted[k]));
            if (!same)
                return string.Create(CultureInfo.InvariantCulture, $"element {k} is {found[k]:R} instead of {wanted[k]:R}");
        }
        return null;
    }

    /// <summary>Compares every case of a group with the tensor computed here; both sides must know the same cases.</summary>
    internal static void Compare(JsonElement group, Dictionary<string, Func<Tensor>> cases, double tolerance = 1e-12)
    {
        var problems = new List<string>();
        foreach (var (name, compute) in cases)
        {
            if (!group.TryGetProperty(name, out var expected))
            {
                problems.Add($"{name}: unknown to the peer");
                continue;
            }
            using var scope = NewDisposeScope();
            try
            {
                if (Difference(expected, compute(), tolerance) is { } difference)
                    problems.Add($"{name}: {difference}");
            }
            catch (Exception e) when (e is not UnitTestAssertException)
            {
                problems.Add($"{name}: {e.GetType().Name} {e.Message.Split('\n')[0]}");
            }
        }
        problems.AddRange(group.EnumerateObject().Where(p => !cases.ContainsKey(p.Name)).Select(p => $"{p.Name}: not computed here"));
        Assert.IsEmpty(problems, string.Join(Environment.NewLine, problems));
    }

    static string Name(ScalarType type) => type switch
    {
        ScalarType.Byte => "uint8",
        ScalarType.Int8 => "int8",
        ScalarType.Int16 => "int16",
        ScalarType.Int32 => "int32",
        ScalarType.Int64 => "int64",
        ScalarType.Float16 => "float16",
        ScalarType.Float32 => "float32",
        ScalarType.Float64 => "float64",
        ScalarType.ComplexFloat32 => "complex64",
        ScalarType.ComplexFloat64 => "complex128",
        ScalarType.BFloat16 => "bfloat16",
        _ => "bool",
    };
}
