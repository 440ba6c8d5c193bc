using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Onnx.Tests;

/// <summary>The warnings and errors of ONNX Runtime, which otherwise go to the console.</summary>
[TestClass]
public static class RuntimeLog
{
    public static ConcurrentQueue<string> Lines { get; } = [];

    // Before any session: the process has one environment.
    [AssemblyInitialize]
    public static void Open(TestContext _)
    {
        var options = new EnvironmentCreationOptions
        {
            logId = "tests",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
            loggingFunction = (_, severity, category, _, place, message) =>
                Lines.Enqueue($"{severity} {category} {place}: {message}"),
        };
        OrtEnv.CreateInstanceWithOptions(ref options);
    }
}
