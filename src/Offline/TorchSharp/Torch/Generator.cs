using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers with a state of its own.</summary>
    public class Generator : IDisposable
    {
        nint handle;

        public unsafe Generator(ulong seed = 0, Device? device = null)
        {
            this.device = device ?? new Device(DeviceType.CPU);
            nint made;
            Bridge.Check(Bridge.prt_generator_new(this.device.Packed, &made));
            handle = made;
            Bridge.Check(Bridge.prt_generator_seed(handle, (long)seed));
        }

        // Not (nint) alone: a whole number as a seed would fit it better than ulong.
        Generator(nint handle, Device device)
        {
            this.handle = handle;
            this.device = device;
        }

        ~Generator() => Dispose(false);

        public static unsafe Generator Default
        {
            get
            {
                nint found;
                Bridge.Check(Bridge.prt_generator_default(&found));
                return new Generator(found, CPU);
            }
        }

        public nint Handle => handle;

        /// <summary>For the bridge, which cannot tell a deleted generator.</summary>
        internal nint LiveHandle => handle != 0 ? handle : throw new InvalidOperationException("Generator invalid -- empty handle.");

        public Device device { get; }

        public unsafe Tensor get_state()
        {
            nint state;
            Bridge.Check(Bridge.prt_generator_get_state(LiveHandle, &state));
            GC.KeepAlive(this);
            return Tensor.Own(state);
        }

        public void set_state(Tensor value)
        {
            Bridge.Check(Bridge.prt_generator_set_state(LiveHandle, value.Handle));
            GC.KeepAlive(value);
            GC.KeepAlive(this);
        }

        public Generator manual_seed(long seed)
        {
            Bridge.Check(Bridge.prt_generator_seed(LiveHandle, seed));
            return this;
        }

        public long seed()
        {
            var seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public unsafe long initial_seed()
        {
            long seed;
            Bridge.Check(Bridge.prt_generator_initial_seed(LiveHandle, &seed));
            GC.KeepAlive(this);
            return seed;
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, 0);
            if (released != 0)
                Bridge.prt_generator_delete(released);
        }
    }
}
