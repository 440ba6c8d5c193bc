using MLNet.Pruning.Tool;

namespace MLNet.Pruning.Documentation.Tests;

[TestClass]
[DoNotParallelize]
public sealed class ToolErrorTests
{
    static (int Code, string Text) Run(Exception failure)
    {
        var (before, text) = (Console.Error, new StringWriter());
        Console.SetError(text);
        try
        {
            return (Errors.Guard(() => throw failure).Result, text.ToString().TrimEnd());
        }
        finally
        {
            Console.SetError(before);
        }
    }

    [TestMethod]
    public void An_error_of_a_command_is_one_line_and_its_stack_trace_is_there_for_the_asking()
    {
        Assert.AreEqual((1, "error: 'a.zip' is damaged."), Run(new InvalidDataException("'a.zip' is damaged.")));
        Assert.AreEqual((1, "error: NullReferenceException: Odd. This is a bug of mlprune; --stack-trace shows where."),
            Run(new NullReferenceException("Odd.\nAnd more.")));
        Errors.ShowStackTrace = true;
        try
        {
            StringAssert.Contains(Run(new NullReferenceException("Odd.")).Text, nameof(Run));
        }
        finally
        {
            Errors.ShowStackTrace = false;
        }
    }
}
