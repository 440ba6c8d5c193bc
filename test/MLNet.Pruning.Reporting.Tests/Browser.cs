using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MLNet.Pruning.Reporting.Tests;

/// <summary>Chromium without a window, told what to do by its DevTools protocol.</summary>
sealed partial class Browser : IDisposable
{
    static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    readonly Process process;
    readonly string folder = Directory.CreateTempSubdirectory("mlprune-browser").FullName;
    readonly ClientWebSocket socket = new();
    readonly List<JsonNode> events = [];
    readonly string? session;
    int calls;

    [GeneratedRegex(@"ws://\S+")]
    private static partial Regex Address();

    /// <summary>The program; null where there is none.</summary>
    static string? Program => new[] { Environment.GetEnvironmentVariable("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    /// <summary>Starts the browser. A test that needs it is inconclusive where there is none.</summary>
    public static Browser Start()
    {
        if (Program is not { } program)
            throw new AssertInconclusiveException("SKIPPED: there is no Chromium to open pages in. Install the package chromium, or name it in CHROMIUM.");
        return new Browser(program);
    }

    Browser(string program)
    {
        process = Process.Start(new ProcessStartInfo(program,
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0", $"--user-data-dir={folder}", "about:blank"])
        {
            RedirectStandardError = true,
        })!;
        try
        {
            Wait(socket.ConnectAsync(new Uri(ReadAddress(program)), Soon()));
            var target = Call("Target.createTarget", new { url = "about:blank" })["targetId"]!.GetValue<string>();
            session = Call("Target.attachToTarget", new { targetId = target, flatten = true })["sessionId"]!.GetValue<string>();
            foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
                Call($"{domain}.enable");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    string ReadAddress(string program)
    {
        while (process.StandardError.ReadLine() is { } line)
        {
            if (Address().Match(line) is not { Success: true } address)
                continue;
            // So that it never waits for a reader.
            _ = process.StandardError.ReadToEndAsync();
            return address.Value;
        }
        throw new InvalidOperationException($"{program} ended without a word of its address.");
    }

    /// <summary>What the page has asked for over the network, or complained of, since it was opened.</summary>
    public IReadOnlyList<string> Complaints(string path) =>
    [
        .. from e in events
           let method = e["method"]!.GetValue<string>()
           where method is "Runtime.exceptionThrown" or "Runtime.consoleAPICalled" or "Log.entryAdded"
               || (method == "Network.requestWillBeSent" && e["params"]!["request"]!["url"]!.GetValue<string>() is var url
                   && url != new Uri(path).AbsoluteUri && !url.StartsWith("data:", StringComparison.Ordinal))
           select e.ToJsonString(),
    ];

    /// <summary>Opens a file in a window of a width, by a reader who likes light or dark pages.</summary>
    public void Open(string path, int width, bool dark = false)
    {
        events.Clear();
        Call("Emulation.setDeviceMetricsOverride", new { width, height = 800, deviceScaleFactor = 1, mobile = false });
        Call("Emulation.setEmulatedMedia", new { features = new[] { new { name = "prefers-color-scheme", value = dark ? "dark" : "light" } } });
        Call("Page.navigate", new { url = new Uri(path).AbsoluteUri });
        while (!events.Any(e => e["method"]!.GetValue<string>() == "Page.loadEventFired"))
            events.Add(Receive());
    }

    /// <summary>The value of a script's expression.</summary>
    public T Evaluate<T>(string expression)
    {
        var result = Call("Runtime.evaluate", new { expression = $"JSON.stringify({expression})", returnByValue = true });
        Assert.IsNull(result["exceptionDetails"], result.ToJsonString());
        return JsonSerializer.Deserialize<T>(result["result"]!["value"]!.GetValue<string>(), JsonSerializerOptions.Web)!;
    }

    JsonNode Call(string method, object? parameters = null)
    {
        var message = new JsonObject { ["id"] = ++calls, ["method"] = method, ["params"] = JsonSerializer.SerializeToNode(parameters ?? new { }) };
        if (session is not null)
            message["sessionId"] = session;
        Wait(socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, Soon()));
        while (true)
        {
            var answer = Receive();
            if (answer["id"]?.GetValue<int>() == calls)
                return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer.ToJsonString()}");
            if (answer["method"] is not null)
                events.Add(answer);
        }
    }

    JsonNode Receive()
    {
        var (buffer, all) = (new byte[1 << 16], new MemoryStream());
        WebSocketReceiveResult part;
        do
        {
            part = socket.ReceiveAsync(buffer, Soon()).GetAwaiter().GetResult();
            all.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(all.ToArray())!;
    }

    static CancellationToken Soon() => new CancellationTokenSource(patience).Token;

    static void Wait(Task task) => task.GetAwaiter().GetResult();

    public void Dispose()
    {
        socket.Dispose();
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser may still write to it.
        }
    }
}
