namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The vector operations of the kernels, for one width of vector. A lane gets the same bits whatever the width, and whether the code that
/// computes it is
/// fully optimized yet: nothing here is left to the compiler's choice.
/// </summary>
unsafe interface IVectors<TVector>
{
    static abstract int Count { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(float* from);

    static abstract void Store(TVector values, float* to);

    static abstract TVector Create(float value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    static abstract TVector Sqrt(TVector a);

    static abstract TVector Abs(TVector a);

    /// <summary>a * b + c: rounded once where the machine has fused multiply-add, twice elsewhere.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The larger; <paramref name="b"/> where one is NaN.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>The smaller; <paramref name="b"/> where one is NaN.</summary>
    static abstract TVector Min(TVector a, TVector b);

    /// <summary>value * 2^n, where n are the low bits of <paramref name="shifted"/>. Neither value nor result may be subnormal.</summary>
    static abstract TVector Scale(TVector value, TVector shifted);

    /// <summary>The first <paramref name="count"/> lanes, and in the rest the other's.</summary>
    static abstract TVector First(TVector values, int count, TVector otherwise);

    /// <summary>The sum of the lanes, in an order that is always the same: halves are added until one lane is left.</summary>
    static abstract float Sum(TVector values);

    /// <summary>The largest lane.</summary>
    static abstract float Largest(TVector values);

    /// <summary>Whether any lane is NaN.</summary>
    static abstract bool HasNaN(TVector values);

    /// <summary>From how many numbers <see cref="Pick"/> picks; 0 where this machine has no instruction for it.</summary>
    static abstract int Window { get; }

    /// <summary>A place in a window for each lane, as bits.</summary>
    static abstract TVector LoadPlaces(byte* from);

    /// <summary>For each lane the number at its place in a window, which is one vector or two.</summary>
    static abstract TVector Pick(TVector low, TVector high, TVector places);
}
