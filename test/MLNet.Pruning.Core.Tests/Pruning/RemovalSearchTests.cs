namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
public sealed class RemovalSearchTests
{
    // A layer between two groups costs the neurons of one times whole vectors of the other.
    static double Load(int[] left, int lanes, double budget) =>
        ((784.0 * Whole(left[0], lanes)) + (left[0] * Whole(left[1], lanes)) + (left[1] * 16.0)) / budget;

    static double Whole(int count, int lanes) => (count + lanes - 1) / lanes * lanes;

    static int[] Left(int[] sizes, int[] gone) => [.. sizes.Zip(gone, (size, some) => size - some)];

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    [DataRow(16)]
    public void The_largest_network_that_meets_the_budget_is_found_on_any_steps(int lanes)
    {
        int[] sizes = [256, 128], most = [255, 127];
        foreach (var budget in Enumerable.Range(5, 40).Select(part => part / 50.0 * Load(sizes, lanes, 1)))
        {
            var looks = 0;
            double Look(int[] gone)
            {
                looks++;
                return Load(Left(sizes, gone), lanes, budget);
            }
            var gone = RemovalSearch.Find(most, true, Look, Look);
            var load = Load(Left(sizes, gone), lanes, budget);
            Assert.IsLessThanOrEqualTo(1, load);
            Assert.IsLessThan(120, looks);
            for (var group = 0; group < 2; group++)
            {
                var less = (int[])gone.Clone();
                less[group]--;
                if (less[group] >= 0)
                    Assert.IsGreaterThan(0.985, Load(Left(sizes, less), lanes, budget), $"{budget}: {string.Join(' ', gone)}");
            }
        }
    }

    [TestMethod]
    public void What_a_look_had_by_luck_is_given_up_for_what_measures_well()
    {
        int[] sizes = [256, 128], most = [255, 127];
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            double Noisy(int[] gone, double error) => Load(Left(sizes, gone), 16, 60_000) * (1 + (error * ((2 * random.NextDouble()) - 1)));
            var load = Load(Left(sizes, RemovalSearch.Find(most, true, gone => Noisy(gone, 0.03), gone => Noisy(gone, 0.01))), 16, 60_000);
            Assert.IsTrue(load is > 0.93 and < 1.0101, $"{load}");
        }
    }

    [TestMethod]
    public void Where_all_that_may_go_is_not_enough_all_of_it_goes()
    {
        int[] most = [3, 2];
        Assert.AreSame(most, RemovalSearch.Find(most, true, _ => throw new InvalidOperationException("There is nothing to look for."), _ => 1.2));
        Assert.AreSame(most = [0, 0], RemovalSearch.Find(most, true, _ => 0, _ => 0));
    }
}
