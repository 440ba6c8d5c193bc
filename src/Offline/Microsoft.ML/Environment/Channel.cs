using System.Diagnostics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Sends messages of one type to whoever listens to the environment.</summary>
internal class Pipe<TMessage> : IPipe<TMessage>, IMessageSource
{
    private readonly Action<IMessageSource, TMessage> _dispatch;
    private bool _disposed;

    public Pipe(HostEnvironment parent, string name, Action<IMessageSource, TMessage> dispatch)
    {
        ShortName = Contracts.CheckNonEmpty(name, nameof(name));
        FullName = string.IsNullOrEmpty(parent.FullName) ? name : $"{parent.FullName}; {name}";
        _dispatch = dispatch;
    }

    public string ShortName { get; }

    public string FullName { get; }

    public bool Verbose => false;

    public string ContextDescription => FullName;

    public TException Process<TException>(TException ex)
        where TException : Exception
    {
        ex.Data["Phase"] = ShortName;
        return Contracts.Mark(ex);
    }

    public void Send(TMessage msg) => _dispatch(this, msg);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Close();
    }

    protected virtual void Close()
    {
    }
}

/// <summary>Sends messages for people, and traces when it opens and closes.</summary>
internal sealed class Channel : Pipe<ChannelMessage>, IChannel
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public Channel(HostEnvironment parent, string name, Action<IMessageSource, ChannelMessage> dispatch)
        : base(parent, name, dispatch)
        => Trace(MessageSensitivity.None, "Channel started");

    public void Trace(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Trace, sensitivity, fmt);

    public void Trace(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Trace, sensitivity, fmt, args);

    public void Error(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Error, sensitivity, fmt);

    public void Error(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Error, sensitivity, fmt, args);

    public void Warning(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Warning, sensitivity, fmt);

    public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Warning, sensitivity, fmt, args);

    public void Info(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Info, sensitivity, fmt);

    public void Info(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Info, sensitivity, fmt, args);

    protected override void Close()
    {
        Trace(MessageSensitivity.None, "Channel finished. Elapsed {0:c}.", Stopwatch.GetElapsedTime(_started));
        Trace(MessageSensitivity.None, "Channel disposed");
    }

    private void Send(ChannelMessageKind kind, MessageSensitivity sensitivity, string text) => Send(new ChannelMessage(kind, sensitivity, text));

    private void Send(ChannelMessageKind kind, MessageSensitivity sensitivity, string format, object[] arguments)
        => Send(new ChannelMessage(kind, sensitivity, format, arguments));
}

/// <summary>Messages of unknown sensitivity.</summary>
internal static class ChannelExtensions
{
    public static void Trace(this IChannel channel, string text) => channel.Trace(MessageSensitivity.Unknown, text);

    public static void Info(this IChannel channel, string text) => channel.Info(MessageSensitivity.Unknown, text);

    public static void Warning(this IChannel channel, string text) => channel.Warning(MessageSensitivity.Unknown, text);

    public static void Error(this IChannel channel, string text) => channel.Error(MessageSensitivity.Unknown, text);
}
