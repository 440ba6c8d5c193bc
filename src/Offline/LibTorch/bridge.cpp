// Operators by name, tensors, devices, threads and seeds.
#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

PRT void prt_release(void* tensor);
PRT void prt_free(void* memory);

namespace
{
thread_local std::string last_error;
std::atomic<int64_t> live{0};

using Stack = std::vector<c10::IValue>;

// LibTorch's own optional in 1.13, the standard one later; this names whichever it is.
using MaybeTensor = decltype(std::declval<const c10::IValue&>().toOptionalTensorVector())::value_type;

// A stack kept by the thread between calls; moved out while in use, so that a nested call simply makes its own.
thread_local Stack idle_stack;

c10::Device device_of(int64_t packed)
{
    return c10::Device(static_cast<c10::DeviceType>(packed >> 8), static_cast<c10::DeviceIndex>((packed & 0xff) - 1));
}

c10::IValue to_ivalue(const prt_value& v)
{
    switch (v.tag)
    {
    case PRT_NONE:
        return {};
    case PRT_TENSOR:
        return prt::borrow(v.p);
    case PRT_INT:
        return v.i;
    case PRT_DOUBLE:
        return v.d;
    case PRT_BOOL:
        return v.i != 0;
    case PRT_COMPLEX:
        return c10::complex<double>(v.d, v.e);
    case PRT_DEVICE:
        return device_of(v.i);
    case PRT_STRING:
        return std::string(static_cast<const char*>(v.p), v.length);
    case PRT_INTS:
        return c10::IntArrayRef(static_cast<const int64_t*>(v.p), v.length);
    case PRT_DOUBLES:
    {
        c10::List<double> list;
        list.reserve(v.length);
        for (int32_t k = 0; k < v.length; k++)
            list.push_back(static_cast<const double*>(v.p)[k]);
        return list;
    }
    case PRT_BOOLS:
    {
        c10::List<bool> list;
        list.reserve(v.length);
        for (int32_t k = 0; k < v.length; k++)
            list.push_back(static_cast<const uint8_t*>(v.p)[k] != 0);
        return list;
    }
    case PRT_TENSORS:
    {
        c10::List<at::Tensor> list;
        list.reserve(v.length);
        for (int32_t k = 0; k < v.length; k++)
            list.push_back(prt::borrow(static_cast<void**>(v.p)[k]));
        return list;
    }
    case PRT_MAYBE_TENSORS:
    {
        c10::List<MaybeTensor> list;
        list.reserve(v.length);
        for (int32_t k = 0; k < v.length; k++)
        {
            auto handle = static_cast<void**>(v.p)[k];
            list.push_back(handle ? MaybeTensor(prt::borrow(handle)) : MaybeTensor());
        }
        return list;
    }
    case PRT_GENERATOR:
        return *static_cast<at::Generator*>(v.p);
    default:
        TORCH_CHECK(false, "the bridge does not know the argument tag ", v.tag);
    }
}

template <typename T> T* allocate(size_t count)
{
    auto memory = static_cast<T*>(std::malloc(std::max<size_t>(count, 1) * sizeof(T)));
    TORCH_CHECK(memory, "out of memory for a list of ", count);
    return memory;
}

void from_ivalue(c10::IValue& value, prt_value& v)
{
    v.tag = PRT_NONE;
    v.length = 0;
    v.e = 0;
    if (value.isTensor())
    {
        v.tag = PRT_TENSOR;
        v.p = prt::give(std::move(value).toTensor());
    }
    else if (value.isNone())
        v.tag = PRT_NONE;
    else if (value.isInt())
    {
        v.tag = PRT_INT;
        v.i = value.toInt();
    }
    else if (value.isDouble())
    {
        v.tag = PRT_DOUBLE;
        v.d = value.toDouble();
    }
    else if (value.isBool())
    {
        v.tag = PRT_BOOL;
        v.i = value.toBool();
    }
    else if (value.isComplexDouble())
    {
        auto c = value.toComplexDouble();
        v.tag = PRT_COMPLEX;
        v.d = c.real();
        v.e = c.imag();
    }
    else if (value.isTensorList())
    {
        auto list = value.toTensorVector();
        auto handles = allocate<void*>(list.size());
        for (size_t k = 0; k < list.size(); k++)
            handles[k] = prt::give(std::move(list[k]));
        v.tag = PRT_TENSORS;
        v.length = static_cast<int32_t>(list.size());
        v.p = handles;
    }
    else if (value.isIntList())
    {
        auto list = value.toIntVector();
        auto ints = allocate<int64_t>(list.size());
        std::copy(list.begin(), list.end(), ints);
        v.tag = PRT_INTS;
        v.length = static_cast<int32_t>(list.size());
        v.p = ints;
    }
    else if (value.isString())
    {
        auto text = value.toStringRef();
        auto bytes = allocate<char>(text.size());
        std::memcpy(bytes, text.data(), text.size());
        v.tag = PRT_STRING;
        v.length = static_cast<int32_t>(text.size());
        v.p = bytes;
    }
    else
        TORCH_CHECK(false, "the bridge does not know a result of type ", value.tagKind());
}

// What was given to a caller that will not hear of it, because a later result failed.
void take_back(prt_value* results, size_t count)
{
    for (size_t k = 0; k < count; k++)
    {
        auto& v = results[k];
        if (v.tag == PRT_TENSOR)
            prt_release(v.p);
        else if (v.tag == PRT_TENSORS || v.tag == PRT_INTS || v.tag == PRT_STRING)
        {
            for (int32_t i = 0; v.tag == PRT_TENSORS && i < v.length; i++)
                prt_release(static_cast<void**>(v.p)[i]);
            prt_free(v.p);
        }
    }
}
}

namespace prt
{
int fail(const char* message)
{
    last_error = message;
    return -1;
}

at::Tensor borrow(void* handle)
{
    if (!handle)
        return {};
    return at::Tensor(c10::intrusive_ptr<at::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(static_cast<at::TensorImpl*>(handle)));
}

void* give(at::Tensor tensor)
{
    if (!tensor.defined())
        return nullptr;
    live.fetch_add(1, std::memory_order_relaxed);
    return tensor.unsafeReleaseTensorImpl();
}
}

PRT const char* prt_last_error()
{
    return last_error.c_str();
}

PRT const char* prt_version()
{
    return TORCH_VERSION;
}

PRT void prt_free(void* memory)
{
    std::free(memory);
}

// ---- operators

PRT int prt_find(const char* name, const char* overload, void** op)
{
    return prt::guarded([&] {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        TORCH_CHECK(found, "this LibTorch (", TORCH_VERSION, ") has no operator ", name, *overload ? "." : "", overload);
        *op = new c10::OperatorHandle(*found); // lives as long as the process: an operator is looked up once
    });
}

// The arguments that the caller leaves out at the end get the defaults of the operator's schema. Returns -2, and
// does nothing, when the caller gives none for an argument that must be there.
PRT int prt_call(void* op, const prt_value* arguments, int32_t count, prt_value* results, int32_t room, int32_t* returned)
{
    bool null_argument = false;
    auto status = prt::guarded([&] {
        auto& handle = *static_cast<c10::OperatorHandle*>(op);
        auto& schema = handle.schema();
        auto& declared = schema.arguments();
        TORCH_CHECK(static_cast<size_t>(count) <= declared.size(), schema.name(), " takes at most ", declared.size(), " arguments, ", count, " were given");

        Stack stack = std::move(idle_stack);
        stack.clear();
        for (int32_t k = 0; k < count; k++)
        {
            if (arguments[k].tag == PRT_NONE && declared[k].type()->kind() != c10::TypeKind::OptionalType)
            {
                null_argument = true;
                return;
            }
            stack.push_back(to_ivalue(arguments[k]));
        }
        for (size_t k = count; k < declared.size(); k++)
        {
            auto& fallback = declared[k].default_value();
            TORCH_CHECK(fallback, schema.name(), " misses its argument ", declared[k].name());
            stack.push_back(*fallback);
        }

        handle.callBoxed(&stack);

        TORCH_CHECK(stack.size() <= static_cast<size_t>(room), schema.name(), " returned ", stack.size(), " values, there was room for ", room);
        size_t given = 0;
        try
        {
            for (; given < stack.size(); given++)
                from_ivalue(stack[given], results[given]);
        }
        catch (...)
        {
            take_back(results, given);
            throw;
        }
        *returned = static_cast<int32_t>(stack.size());
        stack.clear();
        idle_stack = std::move(stack);
    });
    return null_argument ? -2 : status;
}

// Every operator's name and overload, one a line, for tests that count what can be reached.
PRT int prt_operators(char** text, int64_t* length)
{
    return prt::guarded([&] {
        std::string all;
        for (auto& name : c10::Dispatcher::singleton().getAllOpNames())
            all += name.name + (name.overload_name.empty() ? "" : "." + name.overload_name) + "\n";
        auto bytes = allocate<char>(all.size());
        std::memcpy(bytes, all.data(), all.size());
        *text = bytes;
        *length = static_cast<int64_t>(all.size());
    });
}

// ---- tensors

PRT void* prt_share(void* tensor)
{
    return prt::give(prt::borrow(tensor));
}

PRT void prt_release(void* tensor)
{
    if (!tensor)
        return;
    live.fetch_sub(1, std::memory_order_relaxed);
    c10::raw::intrusive_ptr::decref(static_cast<at::TensorImpl*>(tensor));
}

PRT int64_t prt_live()
{
    return live.load(std::memory_order_relaxed);
}

PRT int prt_from_blob(void* data, const int64_t* sizes, const int64_t* strides, int32_t dimensions, int32_t dtype, int64_t device,
                      void (*release)(void*), void* context, void** tensor)
{
    return prt::guarded([&] {
        auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device_of(device));
        auto deleter = [release, context](void*) {
            if (release)
                release(context);
        };
        c10::OptionalArrayRef<int64_t> steps;
        if (strides)
            steps = at::IntArrayRef(strides, dimensions);
        *tensor = prt::give(at::for_blob(data, at::IntArrayRef(sizes, dimensions))
                                .strides(steps)
                                .deleter(deleter)
                                .target_device(device_of(device))
                                .options(options)
                                .make_tensor());
    });
}

PRT int prt_data(void* tensor, void** data)
{
    return prt::guarded([&] { *data = prt::borrow(tensor).data_ptr(); });
}

PRT int32_t prt_dim(void* tensor)
{
    return static_cast<int32_t>(static_cast<at::TensorImpl*>(tensor)->dim());
}

PRT int64_t prt_numel(void* tensor)
{
    return static_cast<at::TensorImpl*>(tensor)->numel();
}

PRT int32_t prt_dtype(void* tensor)
{
    return static_cast<int32_t>(c10::typeMetaToScalarType(static_cast<at::TensorImpl*>(tensor)->dtype()));
}

PRT int64_t prt_device(void* tensor)
{
    auto device = static_cast<at::TensorImpl*>(tensor)->device();
    return (static_cast<int64_t>(device.type()) << 8) | (static_cast<int64_t>(device.index()) + 1);
}

PRT int prt_sizes(void* tensor, int64_t* sizes)
{
    return prt::guarded([&] {
        auto shape = static_cast<at::TensorImpl*>(tensor)->sizes();
        std::copy(shape.begin(), shape.end(), sizes);
    });
}

PRT int prt_strides(void* tensor, int64_t* strides)
{
    return prt::guarded([&] {
        auto steps = static_cast<at::TensorImpl*>(tensor)->strides();
        std::copy(steps.begin(), steps.end(), strides);
    });
}

PRT int64_t prt_storage_offset(void* tensor)
{
    return static_cast<at::TensorImpl*>(tensor)->storage_offset();
}

PRT int32_t prt_is_contiguous(void* tensor)
{
    return static_cast<at::TensorImpl*>(tensor)->is_contiguous();
}

PRT int32_t prt_layout(void* tensor)
{
    return static_cast<int32_t>(static_cast<at::TensorImpl*>(tensor)->layout());
}

// Two tensors over the same memory have the same storage address.
PRT int prt_storage(void* tensor, void** address, int64_t* bytes)
{
    return prt::guarded([&] {
        auto storage = prt::borrow(tensor).storage();
        *address = storage.unsafeGetStorageImpl();
        *bytes = static_cast<int64_t>(storage.nbytes());
    });
}

// ---- threads, seeds, devices

PRT int prt_set_threads(int32_t count)
{
    return prt::guarded([&] { at::set_num_threads(count); });
}

PRT int32_t prt_get_threads()
{
    return at::get_num_threads();
}

PRT int prt_set_interop_threads(int32_t count)
{
    return prt::guarded([&] { at::set_num_interop_threads(count); });
}

PRT int32_t prt_get_interop_threads()
{
    return at::get_num_interop_threads();
}

// The BLAS that LibTorch calls keeps a count of its own. Returns 0 where the BLAS has no such door.
PRT int32_t prt_set_blas_threads(int32_t count)
{
    using Setter = void (*)(int);
    for (auto name : {"openblas_set_num_threads", "MKL_Set_Num_Threads", "bli_thread_set_num_threads"})
        if (auto setter = reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, name)))
        {
            setter(count);
            return 1;
        }
    return 0;
}

PRT int32_t prt_get_blas_threads()
{
    using Getter = int (*)();
    for (auto name : {"openblas_get_num_threads", "MKL_Get_Max_Threads", "bli_thread_get_num_threads"})
        if (auto getter = reinterpret_cast<Getter>(dlsym(RTLD_DEFAULT, name)))
            return getter();
    return 0;
}

PRT int prt_manual_seed(int64_t seed)
{
    return prt::guarded([&] { at::manual_seed(static_cast<uint64_t>(seed)); });
}

PRT int32_t prt_cuda_count()
{
    try
    {
        return c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount() : 0;
    }
    catch (...)
    {
        return 0; // a driver that does not answer is no device
    }
}

PRT int32_t prt_cuda_available()
{
    return prt_cuda_count() > 0;
}

PRT int prt_cuda_synchronize(int64_t device)
{
    return prt::guarded([&] {
        c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        guard.synchronizeStream(guard.getStream(device_of(device)));
    });
}

PRT int prt_generator_new(int64_t device, void** generator)
{
    return prt::guarded([&] {
        auto where = device_of(device);
        *generator = new at::Generator(where.is_cpu() ? at::detail::getDefaultCPUGenerator().clone() : at::globalContext().defaultGenerator(where).clone());
    });
}

PRT int prt_generator_default(void** generator)
{
    return prt::guarded([&] { *generator = new at::Generator(at::detail::getDefaultCPUGenerator()); });
}

PRT void prt_generator_delete(void* generator)
{
    delete static_cast<at::Generator*>(generator);
}

PRT int prt_generator_seed(void* generator, int64_t seed)
{
    return prt::guarded([&] {
        auto& g = *static_cast<at::Generator*>(generator);
        std::lock_guard<std::mutex> lock(g.mutex());
        g.set_current_seed(static_cast<uint64_t>(seed));
    });
}

PRT int prt_generator_initial_seed(void* generator, int64_t* seed)
{
    return prt::guarded([&] { *seed = static_cast<int64_t>(static_cast<at::Generator*>(generator)->current_seed()); });
}

PRT int prt_generator_get_state(void* generator, void** tensor)
{
    return prt::guarded([&] { *tensor = prt::give(static_cast<at::Generator*>(generator)->get_state()); });
}

PRT int prt_generator_set_state(void* generator, void* tensor)
{
    return prt::guarded([&] { static_cast<at::Generator*>(generator)->set_state(prt::borrow(tensor)); });
}
