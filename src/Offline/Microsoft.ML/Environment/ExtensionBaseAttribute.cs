namespace Microsoft.ML;

/// <summary>Names the contract that a class of the user's fulfils, so that a loaded model can find it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class ExtensionBaseAttribute : Attribute
{
    private protected ExtensionBaseAttribute(string contractName) => ContractName = contractName;

    public string ContractName { get; }
}
