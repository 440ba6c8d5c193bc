using System.Reflection;

namespace Microsoft.ML.Runtime;

/// <summary>Which classes a model can be loaded with: those that registered assemblies declare.</summary>
public sealed partial class ComponentCatalog
{
    private readonly object _lock = new();
    private readonly HashSet<string> _cachedAssemblies = [];
    private readonly Dictionary<LoadableClassInfo.Key, LoadableClassInfo> _classesByKey = [];
    private readonly List<LoadableClassInfo> _classes = [];
    private readonly Dictionary<Type, bool> _signatures = [];
    private readonly Dictionary<(Type AttributeType, string ContractName), Type> _extensionsMap = [];

    internal ComponentCatalog()
    {
    }

    /// <summary>Adds what an assembly declares: loadable classes, and the user's extensions.</summary>
    public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
    {
        lock (_lock)
        {
            if (!_cachedAssemblies.Add(assembly.FullName!))
                return;
            foreach (LoadableClassAttributeBase attribute in assembly.GetCustomAttributes(typeof(LoadableClassAttributeBase)))
            {
                MethodInfo? getter = null;
                ConstructorInfo? constructor = null;
                MethodInfo? create = null;
                bool requireEnvironment = false;
                if (attribute.InstanceType != typeof(void)
                    && !TryGetIniters(attribute.InstanceType, attribute.LoaderType, attribute.CtorTypes, out getter, out constructor, out create, out requireEnvironment)
                    && throwOnError)
                {
                    throw Contracts.Except($"Can't instantiate loadable class '{attribute.InstanceType.Name}' with name '{attribute.LoadNames[0]}'");
                }
                AddClass(new LoadableClassInfo(attribute, getter, constructor, create, requireEnvironment), attribute.LoadNames, throwOnError);
            }
            LoadExtensions(assembly, throwOnError);
        }
    }

    internal static bool TryCreateInstance<TRes, TSig>(IHostEnvironment env, out TRes? result, string? name, string? options, params object[]? extra)
        where TRes : class
        => TryCreateInstance(env, typeof(TSig), out result, name, options, extra);

    internal static bool TryCreateInstance<TRes>(IHostEnvironment env, Type signatureType, out TRes? result, string? name, string? options, params object[]? extra)
        where TRes : class
    {
        Contracts.CheckValue(env, nameof(env));
        env.Check(signatureType.BaseType == typeof(MulticastDelegate));
        result = null;
        var info = env.ComponentCatalog.GetLoadableClassInfo(name, signatureType);
        if (info is null)
            return false;

        if (!typeof(TRes).IsAssignableFrom(info.Type))
            throw env.Except($"Loadable class '{name}' does not derive from '{typeof(TRes).FullName}'");
        int given = extra?.Length ?? 0;
        if (info.ExtraArgCount != given)
            throw env.Except($"Wrong number of extra parameters for loadable class '{name}', need '{info.ExtraArgCount}', given '{given}'");
        if (!string.IsNullOrWhiteSpace(options))
            throw env.Except($"Loadable class '{name}' doesn't support settings");
        result = (TRes)info.CreateInstance(env, info.CreateArguments(), extra);
        return true;
    }

    internal LoadableClassInfo? GetLoadableClassInfo<TSig>(string? loadName) => GetLoadableClassInfo(loadName, typeof(TSig));

    internal LoadableClassInfo? GetLoadableClassInfo(string? loadName, Type signatureType)
    {
        Contracts.CheckParam(signatureType.BaseType == typeof(MulticastDelegate), nameof(signatureType), "signatureType must be a delegate type");
        lock (_lock)
            return _classesByKey.GetValueOrDefault(new LoadableClassInfo.Key((loadName ?? "").ToLowerInvariant().Trim(), signatureType));
    }

    internal LoadableClassInfo[] GetAllClasses()
    {
        lock (_lock)
            return [.. _classes];
    }

    /// <summary>A new object of the class that an extension attribute and contract name stand for.</summary>
    internal object GetExtensionValue(IHostEnvironment env, Type attributeType, string contractName)
    {
        Type? type;
        lock (_lock)
            _extensionsMap.TryGetValue((attributeType, contractName), out type);
        return (type is null ? null : Activator.CreateInstance(type))
            ?? throw env.Except($"Unable to locate an extension for the contract '{contractName}'. Ensure you have called {nameof(ComponentCatalog)}.{nameof(RegisterAssembly)} with the Assembly that contains a class decorated with a '{attributeType.FullName}'.");
    }

    private void AddClass(LoadableClassInfo info, string[] loadNames, bool throwOnError)
    {
        _classes.Add(info);
        foreach (var signature in info.SignatureTypes)
        {
            _signatures[signature] = true;
            foreach (string name in loadNames)
            {
                var key = new LoadableClassInfo.Key(name.ToLowerInvariant(), signature);
                if (_classesByKey.TryAdd(key, info) || !throwOnError)
                    continue;
                throw Contracts.Except($"ComponentCatalog cannot map name '{name}' and SignatureType '{signature}' to {info.Type.Name}, already mapped to {_classesByKey[key].Type.Name}.");
            }
        }
    }

    private void LoadExtensions(Assembly assembly, bool throwOnError)
    {
        // The library has no extensions of its own: they are the user's.
        if (assembly == typeof(ComponentCatalog).Assembly)
            return;
        foreach (var type in assembly.GetTypes().Where(type => type.IsClass))
        {
            foreach (ExtensionBaseAttribute attribute in type.GetCustomAttributes(typeof(ExtensionBaseAttribute)))
            {
                var key = (attribute.GetType(), attribute.ContractName);
                if (!_extensionsMap.TryAdd(key, type) && throwOnError)
                    throw Contracts.Except($"An extension for '{key.Item1.Name}' with contract '{key.ContractName}' has already been registered in the ComponentCatalog.");
            }
        }
    }
}
