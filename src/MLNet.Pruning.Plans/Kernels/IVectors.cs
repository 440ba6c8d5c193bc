namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The vector operations of the kernels for one vector width. A lane gets the same bits for any width, and whether or not the code is
/// fully optimized yet: nothing is left to the compiler's choice.
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

    /// <summary>a * b + c, rounded once if the machine has fused multiply-add, otherwise twice.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The maximum; <paramref name="b"/> if one is NaN.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>The minimum; <paramref name="b"/> if one is NaN.</summary>
    static abstract TVector Min(TVector a, TVector b);

    /// <summary>In each lane the value where x is above 0, otherwise 0.</summary>
    static abstract TVector WherePositive(TVector x, TVector value);

    /// <summary>value * 2^n, where n are the low bits of <paramref name="shifted"/>. Neither value nor result may be subnormal.</summary>
    static abstract TVector Scale(TVector value, TVector shifted);

    /// <summary>The first <paramref name="count"/> lanes, and the rest from <paramref name="otherwise"/>.</summary>
    static abstract TVector First(TVector values, int count, TVector otherwise);

    /// <summary>The sum of the lanes in a fixed order: halves are added until one lane is left.</summary>
    static abstract float Sum(TVector values);

    static abstract float Largest(TVector values);

    static abstract bool HasNaN(TVector values);

    /// <summary>The number of values from which <see cref="Pick"/> picks; 0 if the machine has no instruction for it.</summary>
    static abstract int Window { get; }

    /// <summary>Loads a place in a window for each lane, as bits.</summary>
    static abstract TVector LoadPlaces(byte* from);

    /// <summary>For each lane, the number at its place in a window of one or two vectors.</summary>
    static abstract TVector Pick(TVector low, TVector high, TVector places);
}
