using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Switches of LibTorch's global context.
    public static partial class backends
    {
        public static partial class cuda
        {
            public static bool flash_sdp_enabled() => Bridge.IsOn(Switch.FlashSdp);

            public static void enable_flash_sdp(bool enable) => Bridge.Check(Bridge.prt_set_switch(Switch.FlashSdp, enable ? 1 : 0));

            public static bool math_sdp_enabled() => Bridge.IsOn(Switch.MathSdp);

            public static void enable_math_sdp(bool enable) => Bridge.Check(Bridge.prt_set_switch(Switch.MathSdp, enable ? 1 : 0));

            public static partial class matmul
            {
                public static bool allow_tf32
                {
                    get => Bridge.IsOn(Switch.CublasTf32);
                    set => Bridge.Check(Bridge.prt_set_switch(Switch.CublasTf32, value ? 1 : 0));
                }
            }
        }

        public static partial class cudnn
        {
            public static bool allow_tf32
            {
                get => Bridge.IsOn(Switch.CudnnTf32);
                set => Bridge.Check(Bridge.prt_set_switch(Switch.CudnnTf32, value ? 1 : 0));
            }
        }
    }
}
