using MLNet.Pruning.Reporting.Charts;

namespace MLNet.Pruning.Reporting.Tests;

[TestClass]
public sealed class AxisTests
{
    [TestMethod]
    public void An_axis_ends_on_round_numbers_around_its_values()
    {
        var axis = Axis.Around([0.13, 0.94, 0.4]);
        Assert.AreEqual(0.0, axis.Minimum, 1e-12);
        Assert.AreEqual(1.0, axis.Maximum, 1e-12);
        CollectionAssert.AreEqual(new[] { "0.0", "0.2", "0.4", "0.6", "0.8", "1.0" }, axis.Labels().Select(axis.Text).ToArray());
    }

    [TestMethod]
    public void Labels_have_all_the_decimals_of_their_step()
    {
        CollectionAssert.AreEqual(new[] { "0.00", "0.25", "0.50", "0.75", "1.00", "1.25" }, Axis.Around([0.05, 1.1]).Labels().Select(Axis.Around([0.05, 1.1]).Text).ToArray());
    }

    [TestMethod]
    public void An_axis_of_epochs_has_whole_labels()
    {
        var axis = Axis.Around([1, 2, 3], 8, whole: true);
        CollectionAssert.AreEqual(new[] { "1", "2", "3" }, axis.Labels().Select(axis.Text).ToArray());
    }

    [TestMethod]
    [DataRow(12, 12, "1 2 3 4 5 6 7 8 9 10 11 12")]
    [DataRow(12, 8, "2 4 6 8 10 12")]
    [DataRow(13, 8, "2 4 6 8 10 12")]
    [DataRow(30, 12, "5 10 15 20 25 30")]
    [DataRow(100, 12, "10 20 30 40 50 60 70 80 90 100")]
    public void An_axis_of_epochs_ends_with_the_last(int epochs, int labels, string expected)
    {
        var axis = Axis.Around(Enumerable.Range(1, epochs).Select(epoch => (double)epoch), labels, whole: true);
        Assert.AreEqual((1.0, (double)epochs), (axis.Minimum, axis.Maximum));
        Assert.AreEqual(expected, string.Join(' ', axis.Labels().Select(axis.Text)));
    }

    [TestMethod]
    public void Values_that_are_all_alike_still_have_an_axis_around_them()
    {
        var axis = Axis.Around([5, 5, double.NaN]);
        Assert.IsTrue(axis.Minimum < 5 && axis.Maximum > 5);
        Assert.AreEqual(0.5, axis.Place(5), 0.3);
    }

    [TestMethod]
    public void Small_numbers_are_written_with_powers_of_ten()
    {
        CollectionAssert.AreEqual(new[] { "0", "2.5e-4", "5e-4", "7.5e-4", "1e-3" }, Axis.Around([0, 1e-3], 4).Labels().Select(Axis.Around([0, 1e-3], 4).Text).ToArray());
        // A learning rate that never changes fills its axis.
        Assert.AreEqual(0.5, Axis.Around([0.001]).Place(0.001), 0.3);
        Assert.IsGreaterThan(0, Axis.Around([0.001]).Minimum);
    }

    [TestMethod]
    public void No_values_give_an_axis_from_0_to_1()
    {
        var axis = Axis.Around([double.NaN, double.PositiveInfinity]);
        Assert.AreEqual((0.0, 1.0), (axis.Minimum, axis.Maximum));
    }

    [TestMethod]
    public void Thousands_and_millions_are_shortened_and_a_negative_zero_has_no_sign()
    {
        Assert.AreEqual("40k", Axis.Around([0, 100_000]).Text(40_000));
        Assert.AreEqual("2M", Axis.Around([0, 10_000_000]).Text(2_000_000));
        Assert.AreEqual("0.0", new Axis(-1, 1, 0.2).Text(-1e-17));
        Assert.AreEqual("0k 5k", string.Join(' ', new Axis(-1e-9, 5_000, 5_000).Labels().Select(new Axis(0, 5_000, 5_000).Text)));
    }
}
