using System.Globalization;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules;

public class Sequential : Module<Tensor, Tensor>
{
    readonly List<(string name, IModule<Tensor, Tensor> module)> steps = [];

    // Sequential is the one module that is called by its native name.
    internal Sequential() : base("torch::nn::SequentialImpl", true) { }

    protected Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) : this()
    {
        foreach (var (name, module) in modules)
            Add(name, module);
    }

    protected Sequential(params Module<Tensor, Tensor>[] modules) : this()
    {
        foreach (var module in modules)
            Add(module);
    }

    public int Count => steps.Count;

    [IndexerName("SequentialItems")]
    public IModule<Tensor, Tensor> this[int index] => steps[index].module;

    [IndexerName("SequentialItems")]
    public Sequential this[(int? start, int? end) index] => Slice(index.start ?? 0, index.end ?? Count);

    [IndexerName("SequentialItems")]
    public Sequential this[Range index] => Slice(index.Start.GetOffset(Count), index.End.GetOffset(Count));

    Sequential Slice(int start, int end)
    {
        if (start < 0 || start > Count)
            throw new IndexOutOfRangeException($"{start} is not a valid index.");
        if (end < 0 || end > Count)
            throw new IndexOutOfRangeException($"{end} is not a valid index.");
        var slice = new Sequential();
        for (var k = start; k < end; k++)
            slice.Add(steps[k].name, steps[k].module);
        return slice;
    }

    public Sequential append(IModule<Tensor, Tensor> module)
    {
        Add(module);
        return this;
    }

    public Sequential append(string name, IModule<Tensor, Tensor> module)
    {
        Add(name, module);
        return this;
    }

    internal void Add(IModule<Tensor, Tensor> module) => Add(Count.ToString(CultureInfo.InvariantCulture), module);

    internal void Add(string name, IModule<Tensor, Tensor> module)
    {
        ArgumentNullException.ThrowIfNull(module);
        steps.Add((name, module));
    }

    public override Tensor forward(Tensor tensor)
    {
        if (Count == 0)
            return tensor.alias();
        var current = steps[0].module.call(tensor);
        for (var k = 1; k < Count; k++)
        {
            var next = steps[k].module.call(current);
            // What a step is given is this module's own intermediate result, and no longer needed once it has been used.
            current.Dispose();
            current = next;
        }
        return current;
    }

    IEnumerable<(string name, Module module)> Steps => steps.Select(step => (step.name, (Module)step.module));

    public override IEnumerable<(string name, Module module)> named_children() => Steps;

    public override IEnumerable<(string name, Module module)> named_modules()
    {
        foreach (var child in Steps)
            yield return child;
        foreach (var (prefix, child) in Steps)
            foreach (var (name, module) in child.named_modules())
                yield return ($"{prefix}.{name}", module);
    }

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
    {
        if (!recurse)
            yield break;
        var seen = new HashSet<nint>();
        foreach (var (prefix, module) in Steps)
            foreach (var (name, parameter) in module.named_parameters(true))
                if (seen.Add(parameter.Handle))
                    yield return ($"{prefix}.{name}", parameter);
    }

    public override IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true)
    {
        if (!recurse)
            yield break;
        var seen = new HashSet<nint>();
        foreach (var (prefix, module) in Steps)
            foreach (var (name, buffer) in module.named_buffers(true))
                if (seen.Add(buffer.Handle))
                    yield return ($"{prefix}.{name}", buffer);
    }

    public override Module apply(Action<Module> fn)
    {
        foreach (var (_, module) in Steps)
            module.apply(fn);
        fn(this);
        return this;
    }

    public override void train(bool on = true) => base.train(on);

    public override void eval() => base.eval();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            foreach (var (_, module) in Steps)
                module.Dispose();
        base.Dispose(disposing);
    }
}
