using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Microsoft.ML;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// Makes views that ML.NET's <c>ConvertToOnnx</c> takes for a step of the pipeline. It goes from view to view through an interface that is
/// internal to ML.NET, and takes a view without it for the input of the graph, so that the network would be missing without a word. The
/// type that has the interface is made at run time. Without the interface, views are what they were.
/// </summary>
static class PipelineStep
{
    const string Internal = "Microsoft.ML.Model.OnnxConverter.ITransformCanSaveOnnx";

    static readonly Type[] parameters = [typeof(Type), typeof(ScoreBinding), typeof(IRowScorer), typeof(IDataView)];

    static readonly Func<Type, ScoreBinding, IRowScorer, IDataView, ScoredView> create = Find();

    /// <param name="owner">The transformer that makes the view.</param>
    /// <param name="binding">The model, bound to the input's schema.</param>
    /// <param name="scorer">Computes the rows.</param>
    /// <param name="input">The view before it.</param>
    public static IDataView View(Type owner, ScoreBinding binding, IRowScorer scorer, IDataView input) =>
        create(owner, binding, scorer, input);

    static Func<Type, ScoreBinding, IRowScorer, IDataView, ScoredView> Find()
    {
        var wanted = typeof(ModelOperationsCatalog).Assembly.GetType(Internal);
        if (wanted is null || !RuntimeFeature.IsDynamicCodeSupported)
            return (owner, binding, scorer, input) => new ScoredView(owner, binding, scorer, input);
        try
        {
            var type = Make(wanted);
            return (owner, binding, scorer, input) => (ScoredView)Activator.CreateInstance(type, owner, binding, scorer, input)!;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // Another version of ML.NET wants more of the interface, or this runtime refuses to make the type.
            return (owner, binding, scorer, input) => new ScoredView(owner, binding, scorer, input);
        }
    }

    /// <summary>A view with the interface. Its members call those of <see cref="ScoredView"/> of the same names.</summary>
    static Type Make(Type wanted)
    {
        var view = typeof(ScoredView);
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("MLNet.Pruning.PipelineStep"), AssemblyBuilderAccess.Run);
        var ignores = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
        foreach (var inside in new[] { wanted.Assembly, typeof(ICanSaveModel).Assembly, view.Assembly }.Distinct())
            assembly.SetCustomAttribute(new CustomAttributeBuilder(ignores, [inside.GetName().Name!]));
        var type = assembly.DefineDynamicModule("main")
            .DefineType(view.FullName!, TypeAttributes.Public | TypeAttributes.Sealed, view, [wanted]);
        var body = type.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters).GetILGenerator();
        Call(body, view.GetConstructor(parameters)!, parameters.Length);
        foreach (var member in wanted.GetInterfaces().Append(wanted).Except(view.GetInterfaces()).SelectMany(one => one.GetMethods()))
        {
            Type[] types = [.. member.GetParameters().Select(parameter => parameter.ParameterType)];
            var own = view.GetMethod(member.Name) ?? throw new MissingMethodException(view.Name, member.Name);
            const MethodAttributes Implementation = MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final
                | MethodAttributes.HideBySig | MethodAttributes.NewSlot;
            var method = type.DefineMethod(member.Name, Implementation, member.ReturnType, types);
            Call(method.GetILGenerator(), own, types.Length);
            type.DefineMethodOverride(method, member);
        }
        return type.CreateType();
    }

    /// <summary>Calls a member of the base class with this and all arguments.</summary>
    static void Call(ILGenerator body, MethodBase own, int arguments)
    {
        for (int i = 0; i <= arguments; i++)
            body.Emit(OpCodes.Ldarg, (short)i);
        if (own is ConstructorInfo constructor)
            body.Emit(OpCodes.Call, constructor);
        else
            body.Emit(OpCodes.Call, (MethodInfo)own);
        body.Emit(OpCodes.Ret);
    }
}
