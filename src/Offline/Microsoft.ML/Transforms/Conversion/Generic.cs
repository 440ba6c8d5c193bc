using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Calls a generic method with a type that is known only at run time, and lets its exceptions through as they are.</summary>
internal static class Generic
{
    public static TResult Call<TResult>(Func<TResult> template, Type type)
        => (TResult)Invoke(template, type, [])!;

    public static TResult Call<T1, TResult>(Func<T1, TResult> template, Type type, T1 a)
        => (TResult)Invoke(template, type, [a])!;

    public static TResult Call<T1, T2, TResult>(Func<T1, T2, TResult> template, Type type, T1 a, T2 b)
        => (TResult)Invoke(template, type, [a, b])!;

    public static TResult Call<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> template, Type type, T1 a, T2 b, T3 c)
        => (TResult)Invoke(template, type, [a, b, c])!;

    public static TResult Call<T1, T2, T3, T4, TResult>(Func<T1, T2, T3, T4, TResult> template, Type type, T1 a, T2 b, T3 c, T4 d)
        => (TResult)Invoke(template, type, [a, b, c, d])!;

    /// <summary>The same for a method with two type parameters.</summary>
    public static TResult Call<T1, T2, TResult>(Func<T1, T2, TResult> template, Type first, Type second, T1 a, T2 b)
        => (TResult)template.Method.GetGenericMethodDefinition().MakeGenericMethod(first, second)
            .Invoke(template.Target, BindingFlags.DoNotWrapExceptions, null, [a, b], null)!;

    private static object? Invoke(Delegate template, Type type, object?[] arguments)
        => template.Method.GetGenericMethodDefinition().MakeGenericMethod(type)
            .Invoke(template.Target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}
