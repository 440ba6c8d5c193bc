namespace TorchSharp.Modules;

/// <summary>What is done with every option of an optimizer. Each kind of options lists its fields once, in the order of the file.</summary>
abstract class OptionVisitor
{
    internal abstract void Visit(ref double? own, double? other);

    internal abstract void Visit(ref bool? own, bool? other);
}

sealed class OptionWriter(BinaryWriter writer) : OptionVisitor
{
    internal override void Visit(ref double? own, double? other) => writer.Write(own!.Value);

    internal override void Visit(ref bool? own, bool? other) => writer.Write(own!.Value);
}

sealed class OptionReader(BinaryReader reader) : OptionVisitor
{
    internal override void Visit(ref double? own, double? other) => own = reader.ReadDouble();

    internal override void Visit(ref bool? own, bool? other) => own = reader.ReadBoolean();
}

/// <summary>Takes the other's value.</summary>
sealed class OptionCopy : OptionVisitor
{
    internal override void Visit(ref double? own, double? other) => own = other;

    internal override void Visit(ref bool? own, bool? other) => own = other;
}

/// <summary>Takes the other's value where there is none yet.</summary>
sealed class OptionDefaults : OptionVisitor
{
    internal override void Visit(ref double? own, double? other) => own ??= other;

    internal override void Visit(ref bool? own, bool? other) => own ??= other;
}
