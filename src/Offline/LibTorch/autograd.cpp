// Gradients: what the dispatcher's operators do not offer.
#include "guard.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>

#include <c10/core/InferenceMode.h>

#include <vector>

namespace
{
std::vector<at::Tensor> borrow_all(void** handles, int32_t count)
{
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t k = 0; k < count; k++)
        tensors.push_back(prt::borrow(handles[k]));
    return tensors;
}
}

PRT int32_t prt_grad_mode()
{
    return c10::GradMode::is_enabled();
}

PRT void prt_set_grad_mode(int32_t on)
{
    c10::GradMode::set_enabled(on != 0);
}

PRT void* prt_inference_enter(int32_t on)
{
    return new c10::InferenceMode(on != 0);
}

PRT void prt_inference_leave(void* guard)
{
    delete static_cast<c10::InferenceMode*>(guard);
}

PRT int32_t prt_inference_mode()
{
    return c10::InferenceMode::is_enabled();
}

PRT int32_t prt_requires_grad(void* tensor)
{
    return static_cast<at::TensorImpl*>(tensor)->requires_grad();
}

PRT int prt_set_requires_grad(void* tensor, int32_t on)
{
    return prt::guarded([&] { prt::borrow(tensor).set_requires_grad(on != 0); });
}

PRT int32_t prt_is_leaf(void* tensor)
{
    return prt::borrow(tensor).is_leaf();
}

PRT int prt_retain_grad(void* tensor)
{
    return prt::guarded([&] { prt::borrow(tensor).retain_grad(); });
}

// The gradient, or null where there is none.
PRT int prt_grad(void* tensor, void** grad)
{
    return prt::guarded([&] { *grad = prt::give(prt::borrow(tensor).grad()); });
}

PRT int prt_set_grad(void* tensor, void* grad)
{
    return prt::guarded([&] { prt::borrow(tensor).mutable_grad() = prt::borrow(grad); });
}

PRT int prt_backward(void** tensors, int32_t count, void** gradients, int32_t gradient_count, int32_t keep_graph, int32_t create_graph,
                     void** inputs, int32_t input_count)
{
    return prt::guarded([&] {
        torch::autograd::backward(borrow_all(tensors, count), borrow_all(gradients, gradient_count), keep_graph != 0, create_graph != 0,
                                  borrow_all(inputs, input_count));
    });
}

PRT int prt_gradients(void** outputs, int32_t output_count, void** inputs, int32_t input_count, void** gradients, int32_t gradient_count,
                      int32_t keep_graph, int32_t create_graph, int32_t allow_unused, void** results)
{
    return prt::guarded([&] {
        auto found = torch::autograd::grad(borrow_all(outputs, output_count), borrow_all(inputs, input_count),
                                           borrow_all(gradients, gradient_count), keep_graph != 0, create_graph != 0, allow_unused != 0);
        for (size_t k = 0; k < found.size(); k++)
            results[k] = prt::give(found[k]);
    });
}
