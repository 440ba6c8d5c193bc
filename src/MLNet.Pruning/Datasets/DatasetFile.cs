namespace MLNet.Pruning;

/// <summary>A file that can be downloaded.</summary>
/// <param name="Name">Its name in the folder it goes to.</param>
/// <param name="Source">Where it is published.</param>
/// <param name="Checksum">Its published checksum in hexadecimal digits: MD5 (32 of them), SHA-1 (40) or SHA-256 (64).</param>
public sealed record DatasetFile(string Name, Uri Source, string Checksum);
