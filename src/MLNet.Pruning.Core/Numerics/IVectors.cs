using System.Runtime.Intrinsics;

namespace MLNet.Pruning;

/// <summary>
/// The few vector steps of the kernels, for one width of vector. Whatever the width, a lane gets the same sums in the same order.
/// </summary>
unsafe interface IVectors<TVector>
{
    static abstract int Count { get; }

    static abstract TVector Load(float* from);

    static abstract void Store(TVector values, float* to);

    static abstract TVector Broadcast(float value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>Either, where one is not a number.</summary>
    static abstract TVector Max(TVector a, TVector b);

    static abstract float Sum(TVector values);

    static abstract float Largest(TVector values);

    /// <summary>a * b + sum: rounded once where the machine can, as nearly all can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector sum);
}

/// <summary>For AVX-512; elsewhere as right, but slow.</summary>
readonly unsafe struct Vectors512 : IVectors<Vector512<float>>
{
    public static int Count => Vector512<float>.Count;

    public static Vector512<float> Load(float* from) => Vector512.Load(from);

    public static void Store(Vector512<float> values, float* to) => Vector512.Store(values, to);

    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);

    public static float Sum(Vector512<float> values) => Vector512.Sum(values);

    public static float Largest(Vector512<float> values) => Vectors256.Largest(Vector256.MaxNative(values.GetLower(), values.GetUpper()));

    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> sum) =>
        Vector512.MultiplyAddEstimate(a, b, sum);
}

/// <summary>For AVX2.</summary>
readonly unsafe struct Vectors256 : IVectors<Vector256<float>>
{
    public static int Count => Vector256<float>.Count;

    public static Vector256<float> Load(float* from) => Vector256.Load(from);

    public static void Store(Vector256<float> values, float* to) => Vector256.Store(values, to);

    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(a, b);

    public static float Sum(Vector256<float> values) => Vector256.Sum(values);

    public static float Largest(Vector256<float> values) => Vectors128.Largest(Vector128.MaxNative(values.GetLower(), values.GetUpper()));

    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> sum) =>
        Vector256.MultiplyAddEstimate(a, b, sum);
}

/// <summary>For every other machine: SSE and NEON have them, and .NET computes them where nothing has.</summary>
readonly unsafe struct Vectors128 : IVectors<Vector128<float>>
{
    public static int Count => Vector128<float>.Count;

    public static Vector128<float> Load(float* from) => Vector128.Load(from);

    public static void Store(Vector128<float> values, float* to) => Vector128.Store(values, to);

    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(a, b);

    public static float Sum(Vector128<float> values) => Vector128.Sum(values);

    public static float Largest(Vector128<float> values) =>
        float.MaxNative(float.MaxNative(values[0], values[1]), float.MaxNative(values[2], values[3]));

    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> sum) =>
        Vector128.MultiplyAddEstimate(a, b, sum);
}
