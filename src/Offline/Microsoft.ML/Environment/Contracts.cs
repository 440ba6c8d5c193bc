using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Runtime;

internal static partial class Contracts
{
    public static void Check([DoesNotReturnIf(false)] bool condition, string? message = null) => Check(null, condition, message);

    public static void Check(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, string? message = null)
    {
        if (!condition)
            throw message is null ? Process(context, new InvalidOperationException()) : Except(context, message);
    }

    public static void CheckParam([DoesNotReturnIf(false)] bool condition, string paramName, string? message = null)
        => CheckParam(null, condition, paramName, message);

    public static void CheckParam(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, string paramName, string? message = null)
    {
        if (!condition)
            throw message is null ? Process(context, new ArgumentOutOfRangeException(paramName)) : ExceptParam(context, paramName, message);
    }

    public static void CheckUserArg([DoesNotReturnIf(false)] bool condition, string name, string? message = null)
        => CheckParam(null, condition, name, message);

    public static void CheckUserArg(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, string name, string? message = null)
        => CheckParam(context, condition, name, message);

    public static void CheckParamValue<T>(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, T value, string paramName, string message)
    {
        if (!condition)
            throw ExceptParamValue(context, value, paramName, message);
    }

    public static void CheckValue<T>([NotNull] T? value, string paramName, string? message = null)
        where T : class
        => CheckValue(null, value, paramName, message);

    public static void CheckValue<T>(this IExceptionContext? context, [NotNull] T? value, string paramName, string? message = null)
        where T : class
    {
        if (value is null)
            throw message is null ? ExceptValue(context, paramName) : ExceptValue(context, paramName, message);
    }

    public static T CheckRef<T>([NotNull] T? value, string paramName)
        where T : class
        => CheckRef(null, value, paramName);

    public static T CheckRef<T>(this IExceptionContext? context, [NotNull] T? value, string paramName)
        where T : class
        => value ?? throw ExceptValue(context, paramName);

    public static string CheckNonEmpty([NotNull] string? text, string paramName, string? message = null)
        => CheckNonEmpty(null, text, paramName, message);

    public static string CheckNonEmpty(this IExceptionContext? context, [NotNull] string? text, string paramName, string? message = null)
        => string.IsNullOrEmpty(text) ? throw ExceptEmpty(context, paramName, message) : text;

    public static string CheckNonWhiteSpace([NotNull] string? text, string paramName, string? message = null)
        => CheckNonWhiteSpace(null, text, paramName, message);

    public static string CheckNonWhiteSpace(this IExceptionContext? context, [NotNull] string? text, string paramName, string? message = null)
        => string.IsNullOrWhiteSpace(text) ? throw ExceptWhiteSpace(context, paramName, message) : text;

    public static T[] CheckNonEmpty<T>([NotNull] T[]? items, string paramName, string? message = null)
        => CheckNonEmpty(null, items, paramName, message);

    public static T[] CheckNonEmpty<T>(this IExceptionContext? context, [NotNull] T[]? items, string paramName, string? message = null)
        => items is null || items.Length == 0 ? throw ExceptEmpty(context, paramName, message) : items;

    public static void CheckDecode([DoesNotReturnIf(false)] bool condition, string? message = null) => CheckDecode(null, condition, message);

    public static void CheckDecode(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, string? message = null)
    {
        if (!condition)
            throw ExceptDecode(context, message);
    }

    public static void CheckIO(this IExceptionContext? context, [DoesNotReturnIf(false)] bool condition, string? message = null)
    {
        if (!condition)
            throw ExceptIO(context, message);
    }

    /// <summary>Throws if the environment was told to cancel.</summary>
    public static void CheckAlive(this IHostEnvironment environment)
    {
        if (environment is ICancelable { IsCanceled: true })
            throw Process(environment, new OperationCanceledException("Operation was canceled."));
    }

    [Conditional("DEBUG")]
    public static void Assert([DoesNotReturnIf(false)] bool condition) => Debug.Assert(condition);
}
