// Products of many small matrices.
//
// A LibTorch without MKL, as Debian's, calls its BLAS once for each matrix, and for the small ones of an attention the calls take several
// times as long as the products. Here they are computed by a kernel of their own, under the same operators.
#include "guard.h"
#include "kernels.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/baddbmm_cpu_dispatch.h>
#include <ATen/ops/bmm_cpu_dispatch.h>
#include <ATen/ops/empty.h>
#include <torch/version.h>

#include <algorithm>
#include <memory>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

namespace
{
// Larger ones fill a BLAS's own blocks, which then do better.
constexpr int64_t LARGEST = 128;

// A matrix in memory: rows and columns are so many floats apart.
struct Matrix
{
    const float* data;
    int64_t row, column;

    const float* at(int64_t r, int64_t c) const { return data + r * row + c * column; }
};

// The first few floats of a vector. Loads and stores by a mask take some processors longer than all of a small product.
AVX2 inline __m256 load(const float* from, int count)
{
    alignas(32) float few[8] = {};
    std::copy(from, from + count, few);
    return _mm256_load_ps(few);
}

AVX2 inline void store(float* to, __m256 value, int count)
{
    alignas(32) float few[8];
    _mm256_store_ps(few, value);
    std::copy(few, few + count, to);
}

// ROWS x 8 VECTORS of the product, of which the last vector's first columns are kept: alpha a b + beta c.
template <int ROWS, int VECTORS>
AVX2 void tile(Matrix a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t depth, int kept, float alpha, float beta)
{
    __m256 sums[ROWS][VECTORS];
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
            sums[r][v] = _mm256_setzero_ps();
    // Two pointers to rows, so that the places of all six are within what an instruction can add.
    auto upper = a.data, lower = a.at(3, 0);
    for (int64_t k = 0; k < depth; k++, upper += a.column, lower += a.column, b += b_row)
    {
        __m256 right[VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
            right[v] = _mm256_loadu_ps(b + 8 * v);
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; r++)
        {
            auto left = _mm256_broadcast_ss(r < 3 ? upper + r * a.row : lower + (r - 3) * a.row);
#pragma GCC unroll 2
            for (int v = 0; v < VECTORS; v++)
                sums[r][v] = _mm256_fmadd_ps(left, right[v], sums[r][v]);
        }
    }
    auto by = _mm256_set1_ps(alpha), plus = _mm256_set1_ps(beta);
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++)
        {
            auto place = c + r * c_row + 8 * v;
            auto whole = v < VECTORS - 1 || kept == 8;
            auto value = _mm256_mul_ps(by, sums[r][v]);
            if (beta != 0)
                value = _mm256_fmadd_ps(plus, whole ? _mm256_loadu_ps(place) : load(place, kept), value);
            if (whole)
                _mm256_storeu_ps(place, value);
            else
                store(place, value, kept);
        }
}

template <int VECTORS>
AVX2 void tiles(int rows, Matrix a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t depth, int kept, float alpha, float beta)
{
    switch (rows)
    {
    case 1: return tile<1, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    case 2: return tile<2, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    case 3: return tile<3, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    case 4: return tile<4, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    case 5: return tile<5, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    default: return tile<6, VECTORS>(a, b, b_row, c, c_row, depth, kept, alpha, beta);
    }
}

// Eight rows of eight columns, from where a column's floats lie side by side to where a row's do.
AVX2 inline void transpose(const float* from, int64_t column, float* to, int64_t row)
{
    __m256 x[8], y[8];
    for (int i = 0; i < 8; i++)
        x[i] = _mm256_loadu_ps(from + i * column);
    for (int i = 0; i < 8; i += 2)
    {
        y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
    {
        x[i] = _mm256_shuffle_ps(y[i], y[i + 2], 0x44);
        x[i + 1] = _mm256_shuffle_ps(y[i], y[i + 2], 0xee);
        x[i + 2] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0x44);
        x[i + 3] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++)
    {
        _mm256_storeu_ps(to + i * row, _mm256_permute2f128_ps(x[i], x[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * row, _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
    }
}

// Columns from some column on, row by row and filled up with zeros to whole vectors.
AVX2 void pack(Matrix b, int64_t depth, int64_t from, int64_t columns, float* to, int64_t width)
{
    int64_t done = 0; // rows that are packed for all columns
    if (b.row == 1 && b.column != 1)
        for (; done + 8 <= depth; done += 8)
        {
            int64_t c = 0;
            for (; c + 8 <= columns; c += 8)
                transpose(b.at(done, from + c), b.column, to + done * width + c, width);
            for (; c < columns; c++)
                for (int64_t r = done; r < done + 8; r++)
                    to[r * width + c] = *b.at(r, from + c);
            for (int64_t r = done; r < done + 8; r++)
                std::fill(to + r * width + columns, to + (r + 1) * width, 0.0f);
        }
    for (int64_t r = done; r < depth; r++)
    {
        if (b.column == 1)
            std::copy(b.at(r, from), b.at(r, from + columns), to + r * width);
        else
            for (int64_t c = 0; c < columns; c++)
                to[r * width + c] = *b.at(r, from + c);
        std::fill(to + r * width + columns, to + (r + 1) * width, 0.0f);
    }
}

// c (contiguous) = alpha a b + beta c
AVX2 void product(Matrix a, Matrix b, float* c, int64_t rows, int64_t columns, int64_t depth, float alpha, float beta, float* room)
{
    // As even as they come: a tile of one row would wait for its own sums.
    auto cuts = (rows + 5) / 6;
    for (int64_t from = 0; from < columns; from += 16)
    {
        auto some = std::min<int64_t>(16, columns - from);
        auto vectors = (some + 7) / 8;
        auto right = b.at(0, from);
        auto right_row = b.row;
        // Rows that lie far apart share few places of the cache.
        if (b.column != 1 || b.row > 16 || some % 8 != 0)
        {
            pack(b, depth, from, some, room, 8 * vectors);
            right = room;
            right_row = 8 * vectors;
        }
        auto kept = static_cast<int>(some - 8 * (vectors - 1));
        for (int64_t cut = 0; cut < cuts; cut++)
        {
            auto top = rows * cut / cuts;
            auto height = static_cast<int>(rows * (cut + 1) / cuts - top);
            auto left = Matrix{a.at(top, 0), a.row, a.column};
            auto place = c + top * columns + from;
            if (vectors == 2)
                tiles<2>(height, left, right, right_row, place, columns, depth, kept, alpha, beta);
            else
                tiles<1>(height, left, right, right_row, place, columns, depth, kept, alpha, beta);
        }
    }
}

bool is_ours(const at::Tensor& a, const at::Tensor& b)
{
    auto small = [](const at::Tensor& t) { return t.dim() == 3 && t.scalar_type() == at::kFloat && t.layout() == at::kStrided && t.device().is_cpu() && !t.is_neg() && t.numel() > 0; };
    return small(a) && small(b) && a.size(0) == b.size(0) && a.size(2) == b.size(1) && std::max({a.size(1), a.size(2), b.size(2)}) <= LARGEST;
}

void products(const at::Tensor& a, const at::Tensor& b, const at::Tensor& c, float alpha, float beta)
{
    auto rows = a.size(1), depth = a.size(2), columns = b.size(2);
    auto left = a.data_ptr<float>(), right = b.data_ptr<float>();
    auto result = c.data_ptr<float>();
    // A thread gets at least so many matrices as take longer than waking it.
    auto grain = std::max<int64_t>(1, (1 << 19) / (rows * depth * columns));
    at::parallel_for(0, a.size(0), grain, [&](int64_t from, int64_t to) {
        alignas(32) float room[LARGEST * 16];
        for (auto i = from; i < to; i++)
            product({left + i * a.stride(0), a.stride(1), a.stride(2)}, {right + i * b.stride(0), b.stride(1), b.stride(2)}, result + i * rows * columns, rows, columns, depth, alpha, beta, room);
    });
}

at::Tensor bmm(const at::Tensor& a, const at::Tensor& b)
{
    if (!is_ours(a, b))
        return at::cpu::bmm(a, b);
    auto c = at::empty({a.size(0), a.size(1), b.size(2)}, a.options());
    products(a, b, c, 1, 0);
    return c;
}

at::Tensor baddbmm(const at::Tensor& c, const at::Tensor& a, const at::Tensor& b, const at::Scalar& beta, const at::Scalar& alpha)
{
    if (!is_ours(a, b) || c.scalar_type() != at::kFloat || c.layout() != at::kStrided || !c.device().is_cpu() || !at::is_expandable_to(c.sizes(), {a.size(0), a.size(1), b.size(2)}))
        return at::cpu::baddbmm(c, a, b, beta, alpha);
    auto result = at::empty({a.size(0), a.size(1), b.size(2)}, a.options());
    auto scale = beta.to<float>();
    if (scale != 0)
        result.copy_(c);
    products(a, b, result, alpha.to<float>(), scale);
    return result;
}

struct Registration
{
    // LibTorch warns of kernels that take the place of others, which here is meant.
    struct Silence : c10::WarningHandler
    {
#if TORCH_VERSION_MAJOR < 2
        void process(const c10::SourceLocation&, const std::string&, const bool) override {}
#else
        void process(const c10::Warning&) override {}
#endif
    };

    torch::Library library{torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__};

    Registration()
    {
        Silence silence;
#if TORCH_VERSION_MAJOR < 2
        c10::Warning::WarningHandlerGuard guard(&silence);
#else
        c10::WarningUtils::WarningHandlerGuard guard(&silence);
#endif
        library.impl("bmm", &bmm);
        library.impl("baddbmm", &baddbmm);
        register_softmax(library);
    }
};

const std::unique_ptr<Registration> registration = at::globalContext().hasMKL() || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ? nullptr : std::make_unique<Registration>();
}
#endif
