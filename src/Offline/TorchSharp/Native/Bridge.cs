using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The C functions of the bridge (src/Offline/LibTorch), one to one.</summary>
internal static unsafe partial class Bridge
{
    const string Library = "pruning_torch";

    [LibraryImport(Library)] internal static partial byte* prt_last_error();
    [LibraryImport(Library)] internal static partial byte* prt_version();
    [LibraryImport(Library)] internal static partial void prt_free(void* memory);

    [LibraryImport(Library)] internal static partial int prt_find(byte* name, byte* overload, nint* op);
    [LibraryImport(Library)] internal static partial int prt_call(nint op, NativeValue* arguments, int count, NativeValue* results, int room, int* returned);
    [LibraryImport(Library)] internal static partial int prt_operators(byte** text, long* length);

    [LibraryImport(Library)] internal static partial nint prt_share(nint tensor);
    [LibraryImport(Library)] internal static partial void prt_release(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long prt_live();
    [LibraryImport(Library)]
    internal static partial int prt_from_blob(void* data, long* sizes, long* strides, int dimensions, int dtype, long device,
        delegate* unmanaged<nint, void> release, nint context, nint* tensor);
    [LibraryImport(Library)] internal static partial int prt_data(nint tensor, void** data);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_dim(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long prt_numel(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_dtype(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long prt_device(nint tensor);
    [LibraryImport(Library)] internal static partial int prt_sizes(nint tensor, long* sizes);
    [LibraryImport(Library)] internal static partial int prt_strides(nint tensor, long* strides);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long prt_storage_offset(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_is_contiguous(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_layout(nint tensor);
    [LibraryImport(Library)] internal static partial int prt_storage(nint tensor, nint* address, long* bytes);

    [LibraryImport(Library)] internal static partial int prt_set_threads(int count);
    [LibraryImport(Library)] internal static partial int prt_get_threads();
    [LibraryImport(Library)] internal static partial int prt_set_interop_threads(int count);
    [LibraryImport(Library)] internal static partial int prt_get_interop_threads();
    [LibraryImport(Library)] internal static partial int prt_set_blas_threads(int count);
    [LibraryImport(Library)] internal static partial int prt_get_blas_threads();
    [LibraryImport(Library)] internal static partial int prt_manual_seed(long seed);
    [LibraryImport(Library)] internal static partial int prt_cuda_available();
    [LibraryImport(Library)] internal static partial int prt_cuda_count();
    [LibraryImport(Library)] internal static partial int prt_cuda_synchronize(long device);
    [LibraryImport(Library)] internal static partial int prt_generator_new(long device, nint* generator);
    [LibraryImport(Library)] internal static partial int prt_generator_default(nint* generator);
    [LibraryImport(Library)] internal static partial void prt_generator_delete(nint generator);
    [LibraryImport(Library)] internal static partial int prt_generator_seed(nint generator, long seed);
    [LibraryImport(Library)] internal static partial int prt_generator_initial_seed(nint generator, long* seed);
    [LibraryImport(Library)] internal static partial int prt_generator_get_state(nint generator, nint* tensor);
    [LibraryImport(Library)] internal static partial int prt_generator_set_state(nint generator, nint tensor);

    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_grad_mode();
    [LibraryImport(Library), SuppressGCTransition] internal static partial void prt_set_grad_mode(int on);
    [LibraryImport(Library)] internal static partial nint prt_inference_enter(int on);
    [LibraryImport(Library)] internal static partial void prt_inference_leave(nint guard);
    [LibraryImport(Library)] internal static partial int prt_inference_mode();
    [LibraryImport(Library), SuppressGCTransition] internal static partial int prt_requires_grad(nint tensor);
    [LibraryImport(Library)] internal static partial int prt_set_requires_grad(nint tensor, int on);
    [LibraryImport(Library)] internal static partial int prt_is_leaf(nint tensor);
    [LibraryImport(Library)] internal static partial int prt_retain_grad(nint tensor);
    [LibraryImport(Library)] internal static partial int prt_grad(nint tensor, nint* grad);
    [LibraryImport(Library)] internal static partial int prt_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)]
    internal static partial int prt_backward(nint* tensors, int count, nint* gradients, int gradientCount, int keepGraph, int createGraph,
        nint* inputs, int inputCount);
    [LibraryImport(Library)]
    internal static partial int prt_gradients(nint* outputs, int outputCount, nint* inputs, int inputCount, nint* gradients, int gradientCount,
        int keepGraph, int createGraph, int allowUnused, nint* results);

    [LibraryImport(Library)] internal static partial int prt_index_get(nint tensor, NativeIndex* indices, int count, nint* result);
    [LibraryImport(Library)] internal static partial int prt_index_set(nint tensor, NativeIndex* indices, int count, nint value);
    [LibraryImport(Library)] internal static partial int prt_index_set_scalar(nint tensor, NativeIndex* indices, int count, NativeValue* value);

    [LibraryImport(Library)] internal static partial int prt_get_switch(Switch which, int* on);
    [LibraryImport(Library)] internal static partial int prt_set_switch(Switch which, int on);
    [LibraryImport(Library)] internal static partial int prt_cudnn_available();
    [LibraryImport(Library)] internal static partial int prt_cuda_manual_seed(long seed, int all);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int prt_save(nint tensor, string path);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int prt_load(string path, nint* tensor);

    /// <summary>Throws what TorchSharp throws, with LibTorch's own words, when a bridge call did not return 0.</summary>
    internal static void Check(int status)
    {
        if (status != 0)
            Throw(status);
    }

    // A null where LibTorch needs a value is what it would be in TorchSharp, which reads the handle of the null.
    static void Throw(int status) => throw (status == -2 ? new NullReferenceException() : new ExternalException(LastError()));

    internal static bool IsOn(Switch which)
    {
        int on;
        Check(prt_get_switch(which, &on));
        return on != 0;
    }

    internal static string LastError() => Marshal.PtrToStringUTF8((nint)prt_last_error()) ?? "";

    // Runs before the first call below, whichever that is.
    static Bridge() => NativeLibrary.SetDllImportResolver(typeof(Bridge).Assembly, Resolve);

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        return name == Library ? Load(Path.Combine(AppContext.BaseDirectory, "libpruning_torch.so")) : 0;
    }

    /// <summary>Loads the bridge, or says what to install and what to run.</summary>
    internal static nint Load(string file)
    {
        if (!File.Exists(file))
            throw new DllNotFoundException(
                $"The LibTorch bridge {file} is not there. Run ./build.sh, which builds it on the machine's LibTorch (Debian: libtorch-dev; any other: LIBTORCH=DIR ./build.sh).");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException(
                $"The LibTorch bridge {file} is there, but the LibTorch it was built on does not load: {e.Message.Split('\n')[0].Trim()} Install LibTorch (Debian: libtorch-dev libopenblas0-pthread) and run ./build.sh again.", e);
        }
    }
}

/// <summary>Which switch of settings.cpp.</summary>
internal enum Switch
{
    FlashSdp = 0,
    MathSdp = 1,
    CublasTf32 = 2,
    CudnnTf32 = 3,
}
