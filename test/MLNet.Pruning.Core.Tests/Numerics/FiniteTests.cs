namespace MLNet.Pruning.Tests.Numerics;

[TestClass]
public sealed class FiniteTests
{
    [TestMethod]
    public void Numbers_that_are_not_finite_are_found_anywhere()
    {
        foreach (var count in new[] { 1, 7, 16, 37, 64 })
        {
            var values = Enumerable.Range(0, count).Select(i => i - 18f).ToArray();
            values[count / 2] = float.MaxValue;
            Assert.IsTrue(Finite.All(values));
            for (var i = 0; i < values.Length; i++)
            {
                foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                {
                    var with = (float[])values.Clone();
                    with[i] = bad;
                    Assert.IsFalse(Finite.All(with), $"{bad} at {i} of {count}");
                }
            }
        }
        Assert.IsTrue(Finite.All([]));
    }
}
