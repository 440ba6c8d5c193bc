// Kernels that take the place of LibTorch's where it has no MKL.
#pragma once
#include <torch/library.h>

// Softmax over the last dimension, and its gradient.
void register_softmax(torch::Library& library);
