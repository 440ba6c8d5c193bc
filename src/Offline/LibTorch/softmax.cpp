// Softmax over the last dimension, forwards and backwards.
//
// Rows of an attention are some dozen numbers long. LibTorch's kernel calls a function for each pass over a row and for each eight exponentials, which takes
// longer than the arithmetic; here a row is passed over without a call.
#include "guard.h"
#include "kernels.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/_softmax_backward_data_cpu_dispatch.h>
#include <ATen/ops/_softmax_cpu_dispatch.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

namespace
{
// Longer rows are worth LibTorch's calls.
constexpr int64_t LONGEST = 1024;

// A thread gets at least so many numbers.
constexpr int64_t GRAIN = 1 << 15;

// e^x for x <= 0, to the last bit but one: e^x = 2^n e^r with n whole and |r| <= ln 2 / 2. Less than the smallest normal number is zero; what is no number stays none.
AVX2 inline __m256 exponential(__m256 x)
{
    auto least = _mm256_set1_ps(-87.3365448f);
    auto some = _mm256_cmp_ps(x, least, _CMP_NLT_UQ);
    x = _mm256_max_ps(least, x); // In this order, as the second operand is kept where one is no number.
    auto n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    // ln 2 in two parts, of which the first has room for n.
    auto r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693145752f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(1.42860677e-6f), r);
    // The polynomial is that of Cephes.
    auto p = _mm256_set1_ps(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201e-1f));
    p = _mm256_add_ps(_mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r), _mm256_set1_ps(1));
    auto power = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
    return _mm256_and_ps(_mm256_mul_ps(p, power), some);
}

AVX2 inline float largest(__m256 x)
{
    auto four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    auto two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

AVX2 inline float total(__m256 x)
{
    auto four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    auto two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Which places of the last eight numbers of a row are not among the whole vectors before.
AVX2 inline __m256 rest(int64_t width)
{
    auto seen = _mm256_set1_epi32(static_cast<int>((8 - width % 8) % 8));
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8), seen));
}

// Rows of at least eight numbers. The last vector of a row overlaps the one before it where the width is no multiple of eight: it gives the same numbers again.
AVX2 void forward(const float* x, float* y, int64_t rows, int64_t width)
{
    auto last = width - 8;
    auto fresh = rest(width);
    for (int64_t row = 0; row < rows; row++, x += width, y += width)
    {
        auto high = _mm256_loadu_ps(x + last);
        for (int64_t i = 0; i < last; i += 8)
            high = _mm256_max_ps(high, _mm256_loadu_ps(x + i));
        auto by = _mm256_set1_ps(largest(high));
        auto sums = _mm256_setzero_ps();
        for (int64_t i = 0; i < last; i += 8)
        {
            auto e = exponential(_mm256_sub_ps(_mm256_loadu_ps(x + i), by));
            _mm256_storeu_ps(y + i, e);
            sums = _mm256_add_ps(sums, e);
        }
        auto end = exponential(_mm256_sub_ps(_mm256_loadu_ps(x + last), by));
        auto scale = _mm256_set1_ps(1 / total(_mm256_add_ps(sums, _mm256_and_ps(end, fresh))));
        for (int64_t i = 0; i < last; i += 8)
            _mm256_storeu_ps(y + i, _mm256_mul_ps(scale, _mm256_loadu_ps(y + i)));
        _mm256_storeu_ps(y + last, _mm256_mul_ps(scale, end));
    }
}

// y (g - sum of g y)
AVX2 void backward(const float* g, const float* y, float* to, int64_t rows, int64_t width)
{
    auto last = width - 8;
    auto fresh = rest(width);
    for (int64_t row = 0; row < rows; row++, g += width, y += width, to += width)
    {
        auto sums = _mm256_and_ps(_mm256_mul_ps(_mm256_loadu_ps(g + last), _mm256_loadu_ps(y + last)), fresh);
        for (int64_t i = 0; i < last; i += 8)
            sums = _mm256_fmadd_ps(_mm256_loadu_ps(g + i), _mm256_loadu_ps(y + i), sums);
        auto mean = _mm256_set1_ps(total(sums));
        for (int64_t i = 0; i < last; i += 8)
            _mm256_storeu_ps(to + i, _mm256_mul_ps(_mm256_loadu_ps(y + i), _mm256_sub_ps(_mm256_loadu_ps(g + i), mean)));
        _mm256_storeu_ps(to + last, _mm256_mul_ps(_mm256_loadu_ps(y + last), _mm256_sub_ps(_mm256_loadu_ps(g + last), mean)));
    }
}

bool is_ours(const at::Tensor& t, int64_t dim)
{
    return t.dim() > 0 && (dim == t.dim() - 1 || dim == -1) && t.scalar_type() == at::kFloat && t.layout() == at::kStrided && t.device().is_cpu() && !t.is_neg() && t.is_contiguous()
        && t.numel() > 0 && t.size(-1) >= 8 && t.size(-1) <= LONGEST;
}

at::Tensor softmax(const at::Tensor& x, int64_t dim, bool half_to_float)
{
    if (half_to_float || !is_ours(x, dim))
        return at::cpu::_softmax(x, dim, half_to_float);
    auto y = at::empty(x.sizes(), x.options());
    auto from = x.data_ptr<float>();
    auto to = y.data_ptr<float>();
    auto width = x.size(-1);
    at::parallel_for(0, x.numel() / width, std::max<int64_t>(1, GRAIN / width), [&](int64_t begin, int64_t end) { forward(from + begin * width, to + begin * width, end - begin, width); });
    return y;
}

at::Tensor softmax_backward(const at::Tensor& gradient, const at::Tensor& y, int64_t dim, at::ScalarType type)
{
    if (type != at::kFloat || !is_ours(y, dim) || !is_ours(gradient, dim) || gradient.sizes() != y.sizes())
        return at::cpu::_softmax_backward_data(gradient, y, dim, type);
    auto result = at::empty(y.sizes(), y.options());
    auto g = gradient.data_ptr<float>(), values = y.data_ptr<float>();
    auto to = result.data_ptr<float>();
    auto width = y.size(-1);
    at::parallel_for(0, y.numel() / width, std::max<int64_t>(1, GRAIN / width), [&](int64_t begin, int64_t end) { backward(g + begin * width, values + begin * width, to + begin * width, end - begin, width); });
    return result;
}
}

void register_softmax(torch::Library& library)
{
    library.impl("_softmax", &softmax);
    library.impl("_softmax_backward_data", &softmax_backward);
}
#endif
