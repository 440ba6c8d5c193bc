// Switches of LibTorch's global context, and tensors in files.
#include "guard.h"

#include <ATen/Context.h>
#include <torch/serialize.h>

namespace
{
enum : int32_t
{
    FLASH_SDP = 0,
    MATH_SDP = 1,
    CUBLAS_TF32 = 2,
    CUDNN_TF32 = 3,
};
}

PRT int prt_get_switch(int32_t which, int32_t* on)
{
    return prt::guarded([&] {
        auto& context = at::globalContext();
        switch (which)
        {
        case FLASH_SDP:
            *on = context.userEnabledFlashSDP();
            break;
        case MATH_SDP:
            *on = context.userEnabledMathSDP();
            break;
        case CUBLAS_TF32:
            *on = context.allowTF32CuBLAS(); // throws where a later LibTorch was told by its newer switches
            break;
        default:
            *on = context.allowTF32CuDNN();
        }
    });
}

PRT int prt_set_switch(int32_t which, int32_t on)
{
    return prt::guarded([&] {
        auto& context = at::globalContext();
        switch (which)
        {
        case FLASH_SDP:
            return context.setSDPUseFlash(on != 0);
        case MATH_SDP:
            return context.setSDPUseMath(on != 0);
        case CUBLAS_TF32:
            return context.setAllowTF32CuBLAS(on != 0);
        default:
            return context.setAllowTF32CuDNN(on != 0);
        }
    });
}

PRT int32_t prt_cudnn_available()
{
    try
    {
        return at::globalContext().hasCuDNN();
    }
    catch (...)
    {
        return 0;
    }
}

PRT int prt_cuda_manual_seed(int64_t seed, int32_t all)
{
    return prt::guarded([&] {
        auto count = static_cast<int>(at::getNumGPUs());
        for (int device = 0; device < (all ? count : std::min(count, 1)); device++)
        {
            auto generator = at::globalContext().defaultGenerator(c10::Device(c10::DeviceType::CUDA, all ? device : -1));
            std::lock_guard<std::mutex> lock(generator.mutex());
            generator.set_current_seed(static_cast<uint64_t>(seed));
        }
    });
}

PRT int prt_save(void* tensor, const char* path)
{
    return prt::guarded([&] { torch::save(prt::borrow(tensor), path); });
}

PRT int prt_load(const char* path, void** tensor)
{
    return prt::guarded([&] {
        at::Tensor loaded;
        torch::load(loaded, path);
        *tensor = prt::give(loaded);
    });
}
