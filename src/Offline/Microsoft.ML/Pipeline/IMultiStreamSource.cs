namespace Microsoft.ML.Data;

/// <summary>Several streams to read one after the other, such as the files of one data set.</summary>
public interface IMultiStreamSource
{
    int Count { get; }

    string? GetPathOrNull(int index);

    Stream Open(int index);

    TextReader OpenTextReader(int index);
}
