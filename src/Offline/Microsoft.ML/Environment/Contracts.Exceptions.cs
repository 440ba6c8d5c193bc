using System.Globalization;

namespace Microsoft.ML.Runtime;

/// <summary>Which exception means what, and checks that throw them.</summary>
/// <remarks>
/// State is an <see cref="InvalidOperationException"/>, an argument or a schema an <see cref="ArgumentOutOfRangeException"/>
/// (empty strings included), null an <see cref="ArgumentNullException"/>, a file's content a <see cref="FormatException"/>.
/// </remarks>
internal static partial class Contracts
{
    private const string MarkedKey = "ML_IsMarked";
    private const string SensitivityKey = "ML_Sensitivity";

    /// <summary>Notes on an exception that it was thrown on purpose.</summary>
    public static TException Mark<TException>(TException exception)
        where TException : Exception
    {
        exception.Data[MarkedKey] = 1;
        return exception;
    }

    public static bool IsMarked(this Exception exception) => exception.Data.Contains(MarkedKey);

    public static TException MarkSensitive<TException>(this TException exception, MessageSensitivity sensitivity)
        where TException : Exception
    {
        var known = exception.Data[SensitivityKey] as MessageSensitivity? ?? MessageSensitivity.None;
        exception.Data[SensitivityKey] = known | sensitivity;
        return exception;
    }

    public static Exception Except(string message) => Except(null, message);

    public static Exception Except(this IExceptionContext? context, string message)
        => Process(context, new InvalidOperationException(message));

    public static Exception Except(this IExceptionContext? context, Exception inner, string message)
        => Process(context, new InvalidOperationException(message, inner));

    public static Exception Except(this IExceptionContext? context, string format, params object?[] arguments)
        => Except(context, Format(format, arguments));

    public static Exception ExceptParam(string paramName) => Process(null, new ArgumentOutOfRangeException(paramName));

    public static Exception ExceptParam(string paramName, string message) => ExceptParam(null, paramName, message);

    public static Exception ExceptParam(this IExceptionContext? context, string paramName, string message)
        => Process(context, new ArgumentOutOfRangeException(paramName, message));

    public static Exception ExceptParam(this IExceptionContext? context, string paramName, string format, params object?[] arguments)
        => ExceptParam(context, paramName, Format(format, arguments));

    public static Exception ExceptParamValue<T>(this IExceptionContext? context, T value, string paramName, string message)
        => Process(context, new ArgumentOutOfRangeException(paramName, value, message));

    public static Exception ExceptUserArg(this IExceptionContext? context, string name, string message)
        => ExceptParam(context, name, message);

    public static Exception ExceptUserArg(this IExceptionContext? context, string name, string format, params object?[] arguments)
        => ExceptParam(context, name, format, arguments);

    public static Exception ExceptValue(string paramName) => ExceptValue(null, paramName);

    public static Exception ExceptValue(this IExceptionContext? context, string paramName)
        => Process(context, new ArgumentNullException(paramName));

    public static Exception ExceptValue(this IExceptionContext? context, string paramName, string message)
        => Process(context, new ArgumentNullException(paramName, message));

    public static Exception ExceptEmpty(this IExceptionContext? context, string paramName, string? message = null)
        => ExceptParam(context, paramName, message ?? $"{paramName} cannot be null or empty");

    public static Exception ExceptWhiteSpace(this IExceptionContext? context, string paramName, string? message = null)
        => ExceptParam(context, paramName, message ?? $"{paramName} cannot be null or white space");

    public static Exception ExceptDecode(string? message = null) => ExceptDecode(null, message);

    public static Exception ExceptDecode(this IExceptionContext? context, string? message = null)
        => Process(context, message is null ? new FormatException() : new FormatException(message));

    public static Exception ExceptDecode(this IExceptionContext? context, Exception inner, string message)
        => Process(context, new FormatException(message, inner));

    public static Exception ExceptDecode(this IExceptionContext? context, string format, params object?[] arguments)
        => ExceptDecode(context, Format(format, arguments));

    public static Exception ExceptIO(this IExceptionContext? context, string? message = null)
        => Process(context, message is null ? new IOException() : new IOException(message));

    public static Exception ExceptIO(this IExceptionContext? context, Exception inner, string message)
        => Process(context, new IOException(message, inner));

    public static Exception ExceptNotSupp(this IExceptionContext? context, string? message = null)
        => Process(context, message is null ? new NotSupportedException() : new NotSupportedException(message));

    public static Exception ExceptSchemaMismatch(string paramName, string columnRole, string columnName)
        => ExceptSchemaMismatch(null, paramName, columnRole, columnName);

    public static Exception ExceptSchemaMismatch(this IExceptionContext? context, string paramName, string columnRole, string columnName)
        => ExceptParam(context, paramName, $"Could not find {columnRole} column '{columnName}'");

    public static Exception ExceptSchemaMismatch(this IExceptionContext? context, string paramName, string columnRole, string columnName,
        string expectedType, string actualType)
        => ExceptParam(context, paramName, $"Schema mismatch for {columnRole} column '{columnName}': expected {expectedType}, got {actualType}");

    private static TException Process<TException>(IExceptionContext? context, TException exception)
        where TException : Exception
        => context is null ? Mark(exception) : context.Process(exception);

    private static string Format(string format, object?[] arguments) => string.Format(CultureInfo.InvariantCulture, format, arguments);
}
