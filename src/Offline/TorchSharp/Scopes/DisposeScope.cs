namespace TorchSharp;

/// <summary>
/// Disposes, when it ends, the tensors that were made in it. A tensor knows its slot in the scope's list, so that
/// entering and leaving cost one array access; a slot left empty is filled by the last tensor.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    readonly Lock gate = new();
    DisposeScopeManager? manager;
    torch.Tensor[] tensors = new torch.Tensor[16];
    int count;

    internal DisposeScope(DisposeScopeManager disposeScopeManager)
    {
        manager = disposeScopeManager;
        OuterScope = disposeScopeManager.CurrentDisposeScope;
    }

    internal DisposeScope? OuterScope { get; set; }

    public IReadOnlyList<IDisposable> DisposablesView
    {
        get
        {
            _ = Manager;
            return tensors.AsSpan(0, count).ToArray();
        }
    }

    public int DisposablesCount
    {
        get
        {
            _ = Manager;
            return count;
        }
    }

    DisposeScopeManager Manager => manager ?? throw new ObjectDisposedException(GetType().FullName);

    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor && ReferenceEquals(tensor.OwningDisposeScope, this);

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(OuterScope, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        MoveToOther(OuterScope, first, second);

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable => MoveToOther(OuterScope, first, second, third);

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(OuterScope, disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        _ = Manager;
        Move(scope, disposable);
        return disposable;
    }

    public (T1 first, T2 second) MoveToOther<T1, T2>(DisposeScope? scope, T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOther(scope, first), MoveToOther(scope, second));

    public (T1 first, T2 second, T3 third) MoveToOther<T1, T2, T3>(DisposeScope? scope, T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOther(scope, first), MoveToOther(scope, second), MoveToOther(scope, third));

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) => MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        _ = Manager;
        foreach (var disposable in disposables)
            Move(scope, disposable);
    }

    public T Detach<T>(T disposable) where T : IDisposable => MoveToOther(null, disposable);

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable => MoveToOther(null, first, second);

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable => MoveToOther(null, first, second, third);

    public void Detach(params IDisposable[] disposables) => MoveToOther(null, disposables);

    public void Detach(IEnumerable<IDisposable> disposables) => MoveToOther(null, disposables);

    public void Attach(IDisposable disposable) => Attach([disposable]);

    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var statistics = Manager.StatisticsInstance.TensorStatistics;
        var attached = new List<IDisposable>();
        foreach (var disposable in disposables)
        {
            if (disposable is not torch.Tensor tensor)
                throw new InvalidOperationException("DisposeScope can only manage Tensor or PackedSequence");
            if (!ReferenceEquals(tensor.OwningDisposeScope, this))
            {
                tensor.OwningDisposeScope?.Forget(tensor);
                Adopt(tensor);
                statistics.AttachedToScopeCount++;
            }
            attached.Add(disposable);
        }
        return attached;
    }

    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        _ = Manager;
        // By reference: two tensors that hold the same numbers are equal, but not the same.
        var keep = inKeep.ToHashSet(ReferenceEqualityComparer.Instance as IEqualityComparer<IDisposable>);
        torch.Tensor[] disposed;
        lock (gate)
        {
            disposed = tensors.AsSpan(0, count).ToArray();
        }
        foreach (var tensor in disposed)
        {
            if (!keep.Contains(tensor))
                tensor.Dispose();
        }
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) DisposeEverythingBut<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        _ = Manager;
        if (disposable is torch.Tensor tensor)
            Forget(tensor);
    }

    public void Dispose()
    {
        if (manager is null)
            return;
        DisposeEverything();
        manager.RemoveDisposeScope(this);
        manager = null;
    }

    internal void Adopt(torch.Tensor tensor)
    {
        lock (gate)
        {
            if (count == tensors.Length)
                Array.Resize(ref tensors, count * 2);
            tensor.OwningDisposeScope = this;
            tensor.SlotInScope = count;
            tensors[count++] = tensor;
        }
    }

    /// <summary>Takes the tensor out without disposing it. Called by finalizers too, hence the lock.</summary>
    internal bool Forget(torch.Tensor tensor)
    {
        lock (gate)
        {
            if (!ReferenceEquals(tensor.OwningDisposeScope, this))
                return false;
            var last = tensors[--count];
            tensors[tensor.SlotInScope] = last;
            last.SlotInScope = tensor.SlotInScope;
            tensors[count] = null!;
            tensor.OwningDisposeScope = null;
            return true;
        }
    }

    void Move(DisposeScope? scope, IDisposable disposable)
    {
        if (disposable is not torch.Tensor tensor || !Forget(tensor))
            return;
        if (scope is null)
            Manager.StatisticsInstance.TensorStatistics.DetachedFromScopeCount++;
        else
            scope.Adopt(tensor);
    }
}
