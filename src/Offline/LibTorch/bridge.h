// The C face of LibTorch that the offline TorchSharp calls.
//
// Every function that can fail returns 0 on success and -1 on failure; the text of the last failure of the calling
// thread is then read with prt_last_error. No C++ exception crosses this line.
//
// A tensor handle is a pointer to its implementation that owns one reference; null is the undefined tensor.
#pragma once
#include <cstdint>

#define PRT extern "C" __attribute__((visibility("default")))

enum prt_tag : int32_t
{
    PRT_NONE = 0,
    PRT_TENSOR = 1,         // p: handle (borrowed as an argument, owned as a result)
    PRT_INT = 2,            // i; also a dtype, a layout, a memory format
    PRT_DOUBLE = 3,         // d
    PRT_BOOL = 4,           // i
    PRT_INTS = 5,           // p: int64_t[length]
    PRT_TENSORS = 6,        // p: handle[length]
    PRT_STRING = 7,         // p: UTF-8, length bytes
    PRT_DEVICE = 8,         // i: type << 8 | (index + 1)
    PRT_DOUBLES = 9,        // p: double[length]
    PRT_BOOLS = 10,         // p: uint8_t[length]
    PRT_MAYBE_TENSORS = 11, // p: handle[length], null where there is none
    PRT_GENERATOR = 12,     // p: generator handle
    PRT_COMPLEX = 13,       // d: real part, e: imaginary part
};

struct prt_value
{
    int32_t tag;
    int32_t length;
    union
    {
        int64_t i;
        double d;
        void* p;
    };
    double e;
};

// Results that are lists come in memory of the bridge's; give it back with prt_free.

namespace prt
{
int fail(const char* message);
}
