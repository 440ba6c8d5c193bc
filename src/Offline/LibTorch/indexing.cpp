// Indexing with slices, masks and index tensors, in LibTorch's own reading of them.
#include "guard.h"

#include <ATen/TensorIndexing.h>
#include <ATen/core/ivalue.h>

#include <limits>
#include <utility>
#include <vector>

namespace
{
enum kind : int32_t
{
    NONE = 0, // a new axis
    SINGLE = 1,
    ELLIPSIS = 2,
    BOOL = 3,
    TENSOR = 4,
    SLICE = 5,
};

// One index; a missing start, stop or step of a slice is the smallest 64-bit integer.
struct prt_index
{
    int32_t kind;
    int64_t start;
    int64_t stop;
    int64_t step;
    void* tensor;
};

// LibTorch's own optional in 1.13, the standard one later; this names whichever it is.
using MaybeInt = decltype(std::declval<c10::IValue&>().toOptional<int64_t>());

constexpr int64_t missing = std::numeric_limits<int64_t>::min();

std::vector<at::indexing::TensorIndex> read(const prt_index* indices, int32_t count)
{
    using namespace at::indexing;
    std::vector<TensorIndex> all;
    all.reserve(count);
    for (int32_t k = 0; k < count; k++)
    {
        auto& index = indices[k];
        switch (index.kind)
        {
        case NONE:
            all.emplace_back(at::indexing::None);
            break;
        case SINGLE:
            all.emplace_back(index.start);
            break;
        case ELLIPSIS:
            all.emplace_back(Ellipsis);
            break;
        case BOOL:
            all.emplace_back(index.start != 0);
            break;
        case TENSOR:
            all.emplace_back(prt::borrow(index.tensor));
            break;
        default:
        {
            auto optional = [](int64_t value) { return value == missing ? MaybeInt() : MaybeInt(value); };
            all.emplace_back(Slice(optional(index.start), optional(index.stop), optional(index.step)));
        }
        }
    }
    return all;
}
}

PRT int prt_index_get(void* tensor, const prt_index* indices, int32_t count, void** result)
{
    return prt::guarded([&] { *result = prt::give(prt::borrow(tensor).index(read(indices, count))); });
}

PRT int prt_index_set(void* tensor, const prt_index* indices, int32_t count, void* value)
{
    return prt::guarded([&] { prt::borrow(tensor).index_put_(read(indices, count), prt::borrow(value)); });
}

PRT int prt_index_set_scalar(void* tensor, const prt_index* indices, int32_t count, const prt_value* value)
{
    return prt::guarded([&] {
        at::Scalar scalar;
        if (value->tag == PRT_DOUBLE)
            scalar = value->d;
        else if (value->tag == PRT_BOOL)
            scalar = value->i != 0;
        else if (value->tag == PRT_COMPLEX)
            scalar = c10::complex<double>(value->d, value->e);
        else
            scalar = value->i;
        prt::borrow(tensor).index_put_(read(indices, count), scalar);
    });
}
