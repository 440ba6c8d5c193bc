// What every file of the bridge needs to keep C++ exceptions and reference counts on its own side.
#pragma once
#include "bridge.h"

#include <ATen/ATen.h>

#include <exception>

namespace prt
{
at::Tensor borrow(void* handle);
void* give(at::Tensor tensor);

// Runs the body and turns whatever it throws into the error text of this thread.
template <typename Body> int guarded(Body&& body) noexcept
{
    try
    {
        body();
        return 0;
    }
    catch (const c10::Error& e)
    {
        return fail(e.what_without_backtrace());
    }
    catch (const std::exception& e)
    {
        return fail(e.what());
    }
    catch (...)
    {
        return fail("LibTorch threw something that is not a std::exception");
    }
}
}
