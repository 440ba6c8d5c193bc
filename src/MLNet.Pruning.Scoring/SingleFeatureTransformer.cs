using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using MLNet.Pruning.Scoring;
using Microsoft.ML;

namespace MLNet.Pruning
{
    /// <summary>
    /// Makes transformers that ML.NET's <c>PermutationFeatureImportance</c> finds in a pipeline. It looks for an interface that is internal
    /// to ML.NET, so the type that has it is made at run time. Without that interface, the transformer is of the public type alone, and the
    /// overload that takes the transformer by itself works still.
    /// </summary>
    static class SingleFeatureTransformer
    {
        const string Internal = "Microsoft.ML.ISingleFeaturePredictionTransformer";

        static readonly Func<SupervisedModel, IModelScorer, PrunedModelTransformer> create = Find();

        public static PrunedModelTransformer Create(SupervisedModel model, IModelScorer scorer) => create(model, scorer);

        static Func<SupervisedModel, IModelScorer, PrunedModelTransformer> Find()
        {
            var wanted = typeof(ISingleFeaturePredictionTransformer<>).Assembly.GetType(Internal);
            if (wanted is null || !RuntimeFeature.IsDynamicCodeSupported)
                return (model, scorer) => new PrunedModelTransformer(model, scorer);
            try
            {
                var type = Make(wanted);
                return (model, scorer) => (PrunedModelTransformer)Activator.CreateInstance(type, model, scorer)!;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Another version of ML.NET wants more of the interface, or this runtime refuses to make the type.
                return (model, scorer) => new PrunedModelTransformer(model, scorer);
            }
        }

        /// <summary>A class with the interface, whose only member the base class has already.</summary>
        static Type Make(Type wanted)
        {
            var open = typeof(PrunedModelTransformer);
            var name = new AssemblyName("MLNet.Pruning.SingleFeature");
            var assembly = AssemblyBuilder.DefineDynamicAssembly(name, AssemblyBuilderAccess.Run);
            var ignores = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
            foreach (var inside in new[] { wanted.Assembly, open.Assembly })
                assembly.SetCustomAttribute(new CustomAttributeBuilder(ignores, [inside.GetName().Name!]));
            var type = assembly.DefineDynamicModule("main")
                .DefineType(open.FullName!, TypeAttributes.Public | TypeAttributes.Sealed, open, [wanted]);
            Type[] parameters = [typeof(SupervisedModel), typeof(IModelScorer)];
            var body = type.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters).GetILGenerator();
            body.Emit(OpCodes.Ldarg_0);
            body.Emit(OpCodes.Ldarg_1);
            body.Emit(OpCodes.Ldarg_2);
            body.Emit(OpCodes.Call, open.GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, parameters)!);
            body.Emit(OpCodes.Ret);
            return type.CreateType();
        }
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>The runtime knows this attribute by its name: an assembly that has it may use internal types of another.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    sealed class IgnoresAccessChecksToAttribute : Attribute
    {
        public IgnoresAccessChecksToAttribute(string assemblyName) => _ = assemblyName;
    }
}
