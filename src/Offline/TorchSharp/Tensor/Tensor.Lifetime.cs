using System.Runtime.CompilerServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of LibTorch, owned by this object until it is disposed, finalized or decoupled.</summary>
    public partial class Tensor : IDisposable
    {
        static long totalCount;
        static long peakCount;

        nint handle;

        internal Tensor(nint handle, bool register = true)
        {
            this.handle = handle;
            var total = Interlocked.Increment(ref totalCount);
            if (total > peakCount)
                peakCount = total;
            if (register)
                DisposeScopeManager.ThreadSingleton.Register(this);
        }

        ~Tensor() => Dispose(false);

        public static long TotalCount => totalCount;

        public static long PeakCount => peakCount;

        /// <summary>Where the tensor stands in the list of <see cref="OwningDisposeScope"/>.</summary>
        internal int SlotInScope;

        internal DisposeScope? OwningDisposeScope { get; set; }

        public static Tensor UnsafeCreateTensor(nint handle) => new(handle);

        /// <summary>Takes over one reference that the bridge gave.</summary>
        internal static Tensor Own(nint handle) => new(handle);

        /// <summary>The native tensor; throws if it has been disposed.</summary>
        public nint Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => handle == 0;

        /// <summary>
        /// Gives back what the bridge said of <see cref="Handle"/>. The call keeps this object alive until then: once its handle is read, a tensor that
        /// nobody else holds may be finalized, and the native one released under the bridge.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        T Read<T>(T answer)
        {
            GC.KeepAlive(this);
            return answer;
        }

        /// <summary>The same for a call that gives a status.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Check(int status)
        {
            GC.KeepAlive(this);
            Bridge.Check(status);
        }

        public string? name { get; set; }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            // The finalizer and a late Dispose may meet: only one of them gets the handle.
            var released = Interlocked.Exchange(ref handle, 0);
            if (released == 0)
                return;
            DisposeScopeManager.ThreadSingleton.Disposing(this);
            OwningDisposeScope?.Forget(this);
            Interlocked.Decrement(ref totalCount);
            Bridge.prt_release(released);
        }

        /// <summary>Gives the native tensor away: this object no longer releases it.</summary>
        public nint DecoupleFromNativeHandle()
        {
            GC.SuppressFinalize(this);
            var given = Handle;
            Interlocked.Decrement(ref totalCount);
            handle = 0;
            return given;
        }

        /// <summary>Takes the native tensor out, for an object that replaces this one.</summary>
        internal nint MoveHandle() => Interlocked.Exchange(ref handle, 0);

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        [Obsolete("The method name misspells 'Detach.' Use 'DetachFromDisposeScope' instead.", false)]
        public Tensor DetatchFromDisposeScope() => DetachFromDisposeScope();

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null)
                other?.Attach(this);
            else
                OwningDisposeScope.MoveToOther(other, this);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        public override int GetHashCode() => base.GetHashCode();
    }
}
