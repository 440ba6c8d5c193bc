using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One index of a tensor: a number, a slice, a mask, an index tensor, a new axis or an ellipsis.</summary>
    public struct TensorIndex
    {
        IndexKind kind;
        long start;
        long stop;
        long step;
        Tensor? tensor;

        public static TensorIndex Ellipsis = new() { kind = IndexKind.Ellipsis };
        public static TensorIndex None = new() { kind = IndexKind.None };
        public static TensorIndex Null = new() { kind = IndexKind.None };
        public static TensorIndex Colon = Slice();

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new()
        {
            kind = IndexKind.Slice,
            start = start ?? NativeIndex.Missing,
            stop = stop ?? NativeIndex.Missing,
            step = step ?? NativeIndex.Missing,
        };

        public static TensorIndex Slice((int? start, int? end) range) => Slice((long?)range.start, (long?)range.end);

        public static TensorIndex Slice(Range range)
        {
            long? stop = range.End.IsFromEnd ? (range.End.Value == 0 ? null : -range.End.Value) : range.End.Value;
            return Slice(range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value, stop);
        }

        public static TensorIndex Bool(bool value) => new() { kind = IndexKind.Bool, start = value ? 1 : 0 };

        public static TensorIndex Single(long? index) => new() { kind = IndexKind.Single, start = index.GetValueOrDefault() };

        public static TensorIndex Tensor(Tensor tensor) => new() { kind = IndexKind.Tensor, tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);

        // Only steers overload resolution: an index expression prefers TensorIndex to Tensor.
        public static implicit operator Tensor(TensorIndex value) => throw new InvalidOperationException("Should not be called.");

        internal readonly bool IsTensor => kind == IndexKind.Tensor;

        internal readonly NativeIndex ToNative() => new()
        {
            Kind = kind,
            Start = start,
            Stop = stop,
            Step = step,
            Tensor = tensor is null ? 0 : tensor.Handle,
        };

        internal readonly Tensor? Index => tensor;
    }
}
