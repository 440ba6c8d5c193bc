using System.Reflection.Metadata;

namespace MLNet.Pruning.Upstream.Tests.Scalars;

/// <summary>
/// Finds where compiled code makes a Scalar that nothing holds until LibTorch has read it: one that goes from the call that made it straight
/// into another, or into a local that is not disposed of later. TorchSharp's own methods that do so inside, as its operators and some of its
/// modules do, are found the same way, and calls to them count.
/// </summary>
sealed class TemporaryScalars
{
    const string Scalar = "TorchSharp.Scalar";

    // Its scalar goes to the count of batches alone, and training counts these by itself (see BatchCounters).
    const string Counted = "TorchSharp.Modules.BatchNorm";

    readonly HashSet<string> careless = [], modules = [];
    readonly Dictionary<string, string> bases;

    public TemporaryScalars(string torchSharp)
    {
        using var reader = new IlReader(torchSharp);
        bases = reader.Bases().ToDictionary(b => b.Type, b => b.Base);
        var callers = new Dictionary<string, List<Member>>();
        var open = new Stack<Member>();
        foreach (var body in reader.Methods())
        {
            foreach (var member in Members(body))
            {
                if (!callers.TryGetValue(member.ToString(), out var list))
                    callers[member.ToString()] = list = [];
                list.Add(body.Method);
            }
            if (NotHeld(body).Any())
                open.Push(body.Method);
        }
        while (open.TryPop(out var method))
        {
            if (!careless.Add(method.ToString()))
                continue;
            if (method.Name == "forward" && method.Type != Counted)
                modules.Add(method.Type);
            if (callers.TryGetValue(method.ToString(), out var list))
                list.ForEach(open.Push);
        }
    }

    /// <summary>The methods of TorchSharp that make such a Scalar, themselves or through others of TorchSharp.</summary>
    public IReadOnlySet<string> Careless => careless;

    /// <summary>A line for each such place of an assembly: the method, and what it calls.</summary>
    public IEnumerable<string> In(string path)
    {
        using var reader = new IlReader(path);
        foreach (var body in reader.Methods())
        {
            var members = Members(body).ToArray();
            var calls = members.Select(member => member.ToString()).Where(careless.Contains);
            foreach (var call in NotHeld(body).Concat(calls).Concat(members.SelectMany(Modules)))
                yield return $"{body.Method.Type}.{body.Method.Name} calls {call}";
        }
    }

    static IEnumerable<Member> Members(Body body) => body.Instructions.Select(at => at.Member).OfType<Member>();

    /// <summary>A module of TorchSharp that is made and makes such a Scalar when it is called.</summary>
    IEnumerable<string> Modules(Member made)
    {
        if (!made.Type.StartsWith("TorchSharp.", StringComparison.Ordinal))
            yield break;
        for (var type = made.Returns; type is not null; type = bases.GetValueOrDefault(type))
            if (modules.Contains(type))
                yield return $"{type}.forward";
    }

    /// <summary>The calls that give a Scalar which is not held.</summary>
    static IEnumerable<string> NotHeld(Body body)
    {
        var il = body.Instructions;
        for (var i = 0; i + 1 < il.Count; i++)
        {
            if (il[i].Member is not { } member)
                continue;
            var made = member.Returns == Scalar || il[i].Code == ILOpCode.Newobj && member.Type == Scalar;
            if (made && !IsHeld(body, i + 1))
                yield return member.ToString();
        }
    }

    static bool IsHeld(Body body, int next) => body.Instructions[next].Code switch
    {
        ILOpCode.Stsfld or ILOpCode.Stfld or ILOpCode.Pop => true,
        ILOpCode.Ret => body.Method.Returns == Scalar, // Then the caller must hold it.
        ILOpCode.Stloc => IsLetGo(body.Instructions, next),
        _ => false,
    };

    /// <summary>Whether the local that an instruction stores to is disposed of, or kept alive, behind it.</summary>
    static bool IsLetGo(IReadOnlyList<Instruction> il, int store)
    {
        for (var i = store + 1; i + 1 < il.Count; i++)
            if (il[i].Code == ILOpCode.Ldloc && il[i].Local == il[store].Local && il[i + 1].Member is { Name: "Dispose" or "KeepAlive" })
                return true;
        return false;
    }
}
