namespace MLNet.Pruning;

/// <summary>What was written as ONNX.</summary>
/// <param name="Bytes">The size of the file.</param>
/// <param name="RowsChecked">Rows that ONNX Runtime has scored too; 0 where none were given, or the program has no ONNX Runtime.</param>
/// <param name="LargestDifference">The largest difference between its scores and ours on these rows; null without any.</param>
public sealed record OnnxExport(long Bytes, int RowsChecked, double? LargestDifference);
