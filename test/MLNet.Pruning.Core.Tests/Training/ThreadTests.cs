using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>Threads of a run, and of several at once.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ThreadTests
{
    [TestMethod]
    public void Runs_that_overlap_give_their_threads_the_count_back_and_leave_others_theirs()
    {
        var before = get_num_threads();
        set_num_threads(3);
        try
        {
            using var firstRuns = new ManualResetEventSlim();
            using var secondRuns = new ManualResetEventSlim();
            using var firstEnded = new ManualResetEventSlim();
            int meanwhile = 0, afterFirst = 0, afterSecond = 0;
            var first = new Thread(() =>
            {
                Run(1, () =>
                {
                    firstRuns.Set();
                    secondRuns.Wait();
                });
                afterFirst = get_num_threads();
                firstEnded.Set();
            });
            first.Start();
            firstRuns.Wait();
            var second = new Thread(() =>
            {
                Run(1, () =>
                {
                    secondRuns.Set();
                    firstEnded.Wait();
                    meanwhile = OnNewThread();
                });
                afterSecond = get_num_threads();
            });
            second.Start();
            first.Join();
            second.Join();
            Assert.AreEqual((3, 3, 3, 3), (meanwhile, afterFirst, afterSecond, OnNewThread()));
        }
        finally
        {
            set_num_threads(before);
        }

        static int OnNewThread()
        {
            var count = 0;
            var thread = new Thread(() => count = get_num_threads());
            thread.Start();
            thread.Join();
            return count;
        }
    }

    [TestMethod]
    public void A_run_inside_a_run_leaves_the_outer_one_its_single_thread()
    {
        var before = get_num_threads();
        set_num_threads(3);
        try
        {
            var within = 0;
            Run(1, () =>
            {
                Run(1, () => { });
                within = get_num_threads();
            });
            Assert.AreEqual((1, 3), (within, get_num_threads()));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public void A_thread_that_fails_to_start_keeps_nobody_waiting_for_its_turn()
    {
        var order = new ForwardOrder();
        using var threads = new ReplicaThreads(3, number => { if (number == 1) throw new FormatException("no thread"); });
        var failure = Assert.ThrowsExactly<FormatException>(() => threads.Run(3, number =>
        {
            order.Enter(number);
            order.Leave(number);
        }, failed: order.Break));
        Assert.AreEqual("no thread", failure.Message);
    }

    static void Run(int replicas, Action atFirstStep)
    {
        var done = false;
        Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 50,
            Replicas = replicas,
            Hooks = [new Hook
            {
                OnAfterStep = _ =>
                {
                    if (!done)
                        atFirstStep();
                    done = true;
                },
            }],
        });
    }
}
