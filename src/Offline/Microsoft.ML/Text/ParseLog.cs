using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Counts what could not be read, and tells of the first cases.</summary>
internal sealed class ParseLog(IChannelProvider provider, int shown) : IDisposable
{
    private readonly IChannel _channel = provider.Start("ParseStats");
    private long _rows;
    private long _badValues;
    private long _badFormats;

    public void AddRow() => _rows++;

    public void AddBadValue(long line, string column, int? slot)
    {
        if (++_badValues > shown)
            return;
        _channel.Info(MessageSensitivity.Schema, $"  Bad value at line {line} in column {column}" + (slot is null ? "" : $" at slot {slot}"));
        if (_badValues == shown)
            _channel.Info(MessageSensitivity.None, "  Suppressing further bad value messages");
    }

    public void AddBadFormat(string? path, long line, int from, int to, string message)
    {
        if (++_badFormats > shown)
            return;
        _channel.Warning(MessageSensitivity.None, line > 0 ? $"Format error at {path}({line},{from + 1})-({line},{to + 1}): {message}" : $"Format error: {message}");
        if (_badFormats == shown)
            _channel.Warning(MessageSensitivity.None, "Suppressing further format error messages");
    }

    public void Dispose()
    {
        if (_badValues > 0 || _badFormats > 0)
            _channel.Info(MessageSensitivity.None, $"Processed {_rows} rows with {_badValues} bad values and {_badFormats} format errors");
        _channel.Dispose();
    }
}
