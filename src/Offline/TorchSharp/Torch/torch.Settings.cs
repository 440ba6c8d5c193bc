using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// Defaults, devices, threads, seeds and the version.
public static partial class torch
{
    static ScalarType defaultType = ScalarType.Float32;
    static Device? defaultDevice;
    static bool cudaSeen;

    public static unsafe string __version__ => Marshal.PtrToStringUTF8((nint)Bridge.prt_version()) ?? "";

    public static ScalarType get_default_dtype() => defaultType;

    public static void set_default_dtype(ScalarType dtype)
    {
        if (!is_floating_point(dtype))
            throw new ArgumentException("only floating-point types are supported as the default type");
        defaultType = dtype;
    }

    public static void set_default_tensor_type(Tensor t) => set_default_dtype(t.dtype);

    public static Device get_default_device() => defaultDevice ?? CPU;

    public static void set_default_device(Device device) => defaultDevice = device ?? throw new ArgumentNullException(nameof(device));

    public static void set_default_device(string device) => set_default_device(new Device(device));

    // A device that was there once stays; one that was not may still appear while the driver starts.
    public static bool TryInitializeDeviceType(DeviceType deviceType) =>
        deviceType != DeviceType.CUDA || cudaSeen || (cudaSeen = Bridge.prt_cuda_available() != 0);

    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (!TryInitializeDeviceType(deviceType))
            throw new InvalidOperationException(
                $"Torch device type {deviceType} did not initialise on the current machine: this LibTorch ({__version__}) sees no CUDA device.");
    }

    public static Device InitializeDevice(Device? device)
    {
        device ??= get_default_device();
        if (device.type != DeviceType.CPU)
            InitializeDeviceType(device.type);
        return device;
    }

    public static bool cuda_is_available() => cuda.is_available();

    public static void CheckForErrors() { }

    public static int get_num_threads() => Bridge.prt_get_threads();

    /// <summary>Sets the count of LibTorch's own threads and of the BLAS under it.</summary>
    public static void set_num_threads(int num)
    {
        Bridge.Check(Bridge.prt_set_threads(num));
        _ = Bridge.prt_set_blas_threads(num);
    }

    public static int get_num_interop_threads() => Bridge.prt_get_interop_threads();

    public static void set_num_interop_threads(int num) => Bridge.Check(Bridge.prt_set_interop_threads(num));

    public static long seed() => random.seed();

    public static Generator manual_seed(long seed) => random.manual_seed(seed);

    public static long initial_seed() => random.initial_seed();

    public static Tensor get_rng_state() => random.get_rng_state();

    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    public static partial class random
    {
        public static long seed() => Generator.Default.seed();

        public static long initial_seed() => Generator.Default.initial_seed();

        public static Generator manual_seed(long seed)
        {
            Bridge.Check(Bridge.prt_manual_seed(seed));
            return Generator.Default;
        }

        public static Tensor get_rng_state() => Generator.Default.get_state();

        public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);
    }

    public static partial class cuda
    {
        public static bool is_available() => Bridge.prt_cuda_available() != 0;

        public static bool is_cudnn_available() => Bridge.prt_cudnn_available() != 0;

        public static int device_count() => Bridge.prt_cuda_count();

        public static void manual_seed(long seed) => Bridge.Check(Bridge.prt_cuda_manual_seed(seed, 0));

        public static void manual_seed_all(long seed) => Bridge.Check(Bridge.prt_cuda_manual_seed(seed, 1));

        public static void synchronize(Device? device = null)
        {
            InitializeDeviceType(DeviceType.CUDA);
            Bridge.Check(Bridge.prt_cuda_synchronize((device ?? CUDA).Packed));
        }
    }
}
