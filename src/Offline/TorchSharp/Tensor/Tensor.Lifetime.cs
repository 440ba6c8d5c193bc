using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of LibTorch, owned by this object until it is disposed, finalized or decoupled.</summary>
    public sealed partial class Tensor : IDisposable
    {
        nint handle;

        Tensor(nint handle)
        {
            this.handle = handle;
        }

        ~Tensor() => Release();

        /// <summary>Takes over one reference that the bridge gave.</summary>
        internal static Tensor Own(nint handle) => new(handle);

        /// <summary>The native tensor; throws if it has been disposed.</summary>
        public nint Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => handle == 0;

        public void Dispose()
        {
            Release();
            GC.SuppressFinalize(this);
        }

        void Release()
        {
            if (handle == 0)
                return;
            Bridge.prt_release(handle);
            handle = 0;
        }
    }
}
