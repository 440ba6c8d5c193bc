// The optimizers' steps: one call over all parameters of a group, one pass over memory per parameter.
//
// Dense float and double parameters on the CPU take the fused loops below; everything else (CUDA, half precision,
// gradients of another layout) takes LibTorch's multi-tensor operators. Either way the arithmetic is PyTorch's, in its
// order, so that a run can be held against PyTorch step for step.
#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <vector>

// One copy of each loop for every vector width, chosen when it is called. Where the processor multiplies and adds in
// one rounding LibTorch's own kernels do so too, and the loops follow them to the last bit.
#if defined(__x86_64__) && defined(__GNUC__)
#define ON_512 __attribute__((target("avx512f,avx2,fma")))
#define ON_256 __attribute__((target("avx2,fma")))
#define HAS_512 (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma"))
#define HAS_256 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define ON_512
#define ON_256
#define HAS_512 false
#define HAS_256 false
#endif
#define INLINE static inline __attribute__((always_inline))

// Defines a function over three copies of a loop: loop<T, Fused>(arguments).
#define LOOPS(name, T, loop, parameters, ...) \
    ON_512 void name##_512 parameters { loop<T, true>(__VA_ARGS__); } \
    ON_256 void name##_256 parameters { loop<T, true>(__VA_ARGS__); } \
    void name##_any parameters { loop<T, false>(__VA_ARGS__); } \
    void name parameters \
    { \
        static const int width = HAS_512 ? 512 : HAS_256 ? 256 : 0; \
        width == 512 ? name##_512(__VA_ARGS__) : width == 256 ? name##_256(__VA_ARGS__) : name##_any(__VA_ARGS__); \
    }

// One parameter and its state. Unused states are null. A step that has a gradient raises the count.
struct prt_slot
{
    void* parameter;
    void* first;
    void* second;
    void* third;
    int64_t step;
};

namespace
{
// a * b + c, with one rounding where the processor has it.
template <bool Fused> INLINE float mad(float a, float b, float c)
{
    return Fused ? __builtin_fmaf(a, b, c) : a * b + c;
}

template <bool Fused> INLINE double mad(double a, double b, double c)
{
    return Fused ? __builtin_fma(a, b, c) : a * b + c;
}

// Averages of gradients that have stopped decay into denormal numbers, on which a processor is some fifty times slower
// and which are too small to move anything: while a loop runs they count as zero.
class NoDenormals
{
#if defined(__x86_64__) && defined(__GNUC__)
    unsigned before = __builtin_ia32_stmxcsr();

public:
    NoDenormals() { __builtin_ia32_ldmxcsr(before | 0x8040); }
    ~NoDenormals() { __builtin_ia32_ldmxcsr(before); }
#else
public:
    NoDenormals() {}
#endif
};

// Below this many elements a second thread costs more than it brings.
constexpr int64_t grain = 1 << 16;

struct Entry
{
    prt_slot* slot;
    at::Tensor parameter, gradient, first, second, third;
};

bool alike(const at::Tensor& parameter, const at::Tensor& other)
{
    return !other.defined() || (other.is_cpu() && other.layout() == at::kStrided && other.scalar_type() == parameter.scalar_type() &&
                                other.sizes() == parameter.sizes() && other.strides() == parameter.strides());
}

// Whether the memory of all of an entry's tensors can be walked from front to back together.
bool fusable(const Entry& e)
{
    auto& p = e.parameter;
    return p.is_cpu() && p.layout() == at::kStrided && (p.scalar_type() == at::kFloat || p.scalar_type() == at::kDouble) &&
           p.unsafeGetTensorImpl()->is_non_overlapping_and_dense() && alike(p, e.gradient) && alike(p, e.first) && alike(p, e.second) &&
           alike(p, e.third);
}

// Autograd must see that a tensor it may have saved has changed.
void written(const at::Tensor& tensor)
{
    if (tensor.defined() && !tensor.is_inference())
        tensor.unsafeGetTensorImpl()->bump_version();
}

void written(const Entry& e)
{
    written(e.parameter);
    written(e.first);
    written(e.second);
    written(e.third);
}

std::vector<Entry> with_gradients(prt_slot* slots, int32_t count)
{
    std::vector<Entry> entries;
    entries.reserve(count);
    for (int32_t k = 0; k < count; k++)
    {
        auto parameter = prt::borrow(slots[k].parameter);
        auto& gradient = parameter.grad();
        if (!gradient.defined())
            continue;
        slots[k].step++;
        entries.push_back({&slots[k], parameter, gradient, prt::borrow(slots[k].first), prt::borrow(slots[k].second), prt::borrow(slots[k].third)});
    }
    return entries;
}

template <typename T> T* data(const at::Tensor& tensor)
{
    return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

using List = std::vector<at::Tensor>;

List all(const std::vector<Entry>& entries, at::Tensor Entry::*member)
{
    List list;
    list.reserve(entries.size());
    for (auto& e : entries)
        list.push_back(e.*member);
    return list;
}

// ---- Adam and AdamW

struct Adam
{
    double lr, beta1, beta2, eps, weight_decay;
    bool amsgrad, maximize, decoupled;
};

template <typename T> struct AdamTerms
{
    T sign, beta1, rest1, beta2, rest2, eps, decay, shrink, root, rate;
};

template <typename T> AdamTerms<T> terms(const Adam& a, int64_t step)
{
    auto correction1 = 1 - std::pow(a.beta1, static_cast<double>(step));
    auto correction2 = 1 - std::pow(a.beta2, static_cast<double>(step));
    return {static_cast<T>(a.maximize ? -1 : 1), static_cast<T>(a.beta1), static_cast<T>(1 - a.beta1), static_cast<T>(a.beta2),
            static_cast<T>(1 - a.beta2), static_cast<T>(a.eps), static_cast<T>(a.weight_decay),
            static_cast<T>(a.decoupled ? 1 - a.lr * a.weight_decay : 1), static_cast<T>(std::sqrt(correction2)),
            static_cast<T>(-a.lr / correction1)};
}

template <typename T, bool Fused, bool Decay, bool Max>
INLINE void adam(int64_t begin, int64_t end, T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, T* __restrict top,
                 const AdamTerms<T>& t)
{
    for (auto k = begin; k < end; k++)
    {
        auto grad = t.sign * g[k];
        auto value = p[k] * t.shrink;
        if (Decay)
            grad = mad<Fused>(t.decay, value, grad);
        auto mean = mad<Fused>(t.rest1, grad, m[k] * t.beta1);
        auto square = mad<Fused>(t.rest2 * grad, grad, v[k] * t.beta2);
        m[k] = mean;
        v[k] = square;
        if (Max)
        {
            // The comparison this way round lets a NaN through, as torch.maximum does.
            square = top[k] > square ? top[k] : square;
            top[k] = square;
        }
        p[k] = value + t.rate * mean / (std::sqrt(square) / t.root + t.eps);
    }
}

template <typename T, bool Fused>
INLINE void adam_loop(int64_t begin, int64_t end, T* p, const T* g, T* m, T* v, T* top, bool decay, const AdamTerms<T>& t)
{
    if (decay)
        top ? adam<T, Fused, true, true>(begin, end, p, g, m, v, top, t) : adam<T, Fused, true, false>(begin, end, p, g, m, v, top, t);
    else
        top ? adam<T, Fused, false, true>(begin, end, p, g, m, v, top, t) : adam<T, Fused, false, false>(begin, end, p, g, m, v, top, t);
}

LOOPS(adam_single, float, adam_loop,
      (int64_t begin, int64_t end, float* p, const float* g, float* m, float* v, float* top, bool decay, const AdamTerms<float>& t),
      begin, end, p, g, m, v, top, decay, t)
LOOPS(adam_double, double, adam_loop,
      (int64_t begin, int64_t end, double* p, const double* g, double* m, double* v, double* top, bool decay, const AdamTerms<double>& t),
      begin, end, p, g, m, v, top, decay, t)

void adam_fused(const Entry& e, const Adam& a)
{
    auto decay = a.weight_decay != 0 && !a.decoupled;
    auto& top = a.amsgrad ? e.third : at::Tensor();
    at::parallel_for(0, e.parameter.numel(), grain, [&](int64_t begin, int64_t end) {
        NoDenormals fast;
        if (e.parameter.scalar_type() == at::kFloat)
            adam_single(begin, end, data<float>(e.parameter), data<float>(e.gradient), data<float>(e.first), data<float>(e.second),
                        data<float>(top), decay, terms<float>(a, e.slot->step));
        else
            adam_double(begin, end, data<double>(e.parameter), data<double>(e.gradient), data<double>(e.first), data<double>(e.second),
                        data<double>(top), decay, terms<double>(a, e.slot->step));
    });
    written(e);
}

void adam_lists(const std::vector<Entry>& entries, const Adam& a)
{
    auto parameters = all(entries, &Entry::parameter), gradients = all(entries, &Entry::gradient), means = all(entries, &Entry::first),
         squares = all(entries, &Entry::second);
    if (a.maximize)
        gradients = at::_foreach_neg(gradients);
    if (a.decoupled)
        at::_foreach_mul_(parameters, 1 - a.lr * a.weight_decay);
    else if (a.weight_decay != 0)
        gradients = at::_foreach_add(gradients, parameters, a.weight_decay);
    at::_foreach_mul_(means, a.beta1);
    at::_foreach_add_(means, gradients, 1 - a.beta1);
    at::_foreach_mul_(squares, a.beta2);
    at::_foreach_addcmul_(squares, gradients, gradients, 1 - a.beta2);
    if (a.amsgrad)
    {
        auto tops = all(entries, &Entry::third);
        for (size_t k = 0; k < tops.size(); k++)
            at::maximum_out(tops[k], tops[k], squares[k]);
        squares = std::move(tops);
    }
    std::vector<at::Scalar> roots, rates;
    for (auto& e : entries)
    {
        auto step = static_cast<double>(e.slot->step);
        roots.emplace_back(std::sqrt(1 - std::pow(a.beta2, step)));
        rates.emplace_back(-a.lr / (1 - std::pow(a.beta1, step)));
    }
    auto below = at::_foreach_sqrt(squares);
    at::_foreach_div_(below, roots);
    at::_foreach_add_(below, a.eps);
    at::_foreach_addcdiv_(parameters, means, below, rates);
}

// ---- stochastic gradient descent

struct Sgd
{
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize;
};

template <typename T> struct SgdTerms
{
    T momentum, rest, decay, rate;
};

enum class Ball // how a step treats the momentum buffer
{
    None,
    Start,
    Roll,
};

template <typename T, bool Fused, Ball Momentum, bool Nesterov, bool Decay>
INLINE void sgd(int64_t begin, int64_t end, T* __restrict p, const T* __restrict g, T* __restrict b, const SgdTerms<T>& t)
{
    for (auto k = begin; k < end; k++)
    {
        auto grad = g[k];
        if (Decay)
            grad = mad<Fused>(t.decay, p[k], grad);
        if (Momentum != Ball::None)
        {
            auto ball = Momentum == Ball::Start ? grad : mad<Fused>(t.rest, grad, b[k] * t.momentum);
            b[k] = ball;
            grad = Nesterov ? mad<Fused>(t.momentum, ball, grad) : ball;
        }
        p[k] = mad<Fused>(t.rate, grad, p[k]);
    }
}

template <typename T, bool Fused, bool Decay>
INLINE void sgd(int64_t begin, int64_t end, T* p, const T* g, T* b, Ball ball, bool nesterov, const SgdTerms<T>& t)
{
    if (ball == Ball::None)
        sgd<T, Fused, Ball::None, false, Decay>(begin, end, p, g, b, t);
    else if (ball == Ball::Start)
        nesterov ? sgd<T, Fused, Ball::Start, true, Decay>(begin, end, p, g, b, t) : sgd<T, Fused, Ball::Start, false, Decay>(begin, end, p, g, b, t);
    else
        nesterov ? sgd<T, Fused, Ball::Roll, true, Decay>(begin, end, p, g, b, t) : sgd<T, Fused, Ball::Roll, false, Decay>(begin, end, p, g, b, t);
}

template <typename T, bool Fused>
INLINE void sgd_loop(int64_t begin, int64_t end, T* p, const T* g, T* b, Ball ball, bool nesterov, bool decay, const SgdTerms<T>& t)
{
    decay ? sgd<T, Fused, true>(begin, end, p, g, b, ball, nesterov, t) : sgd<T, Fused, false>(begin, end, p, g, b, ball, nesterov, t);
}

LOOPS(sgd_single, float, sgd_loop,
      (int64_t begin, int64_t end, float* p, const float* g, float* b, Ball ball, bool nesterov, bool decay, const SgdTerms<float>& t),
      begin, end, p, g, b, ball, nesterov, decay, t)
LOOPS(sgd_double, double, sgd_loop,
      (int64_t begin, int64_t end, double* p, const double* g, double* b, Ball ball, bool nesterov, bool decay, const SgdTerms<double>& t),
      begin, end, p, g, b, ball, nesterov, decay, t)

template <typename T> SgdTerms<T> terms(const Sgd& s)
{
    return {static_cast<T>(s.momentum), static_cast<T>(1 - s.dampening), static_cast<T>(s.weight_decay), static_cast<T>(s.maximize ? s.lr : -s.lr)};
}

void sgd_fused(Entry& e, const Sgd& s)
{
    auto ball = s.momentum == 0 ? Ball::None : e.first.defined() ? Ball::Roll : Ball::Start;
    if (ball == Ball::Start)
    {
        e.first = at::empty_like(e.parameter);
        e.slot->first = prt::give(e.first);
    }
    auto decay = s.weight_decay != 0;
    at::parallel_for(0, e.parameter.numel(), grain, [&](int64_t begin, int64_t end) {
        NoDenormals fast;
        if (e.parameter.scalar_type() == at::kFloat)
            sgd_single(begin, end, data<float>(e.parameter), data<float>(e.gradient), data<float>(e.first), ball, s.nesterov, decay, terms<float>(s));
        else
            sgd_double(begin, end, data<double>(e.parameter), data<double>(e.gradient), data<double>(e.first), ball, s.nesterov, decay,
                       terms<double>(s));
    });
    written(e);
}

void sgd_lists(std::vector<Entry>& all_entries, const Sgd& s)
{
    // The multi-tensor operators do not take sparse gradients, which an embedding can have.
    std::vector<Entry> entries;
    for (auto& e : all_entries)
    {
        auto sparse = e.gradient.layout() == at::kSparse;
        if (sparse && s.momentum == 0 && s.weight_decay == 0)
        {
            e.parameter.add_(e.gradient, s.maximize ? s.lr : -s.lr);
            continue;
        }
        entries.push_back(e);
        if (sparse)
            entries.back().gradient = e.gradient.to_dense();
    }
    if (entries.empty())
        return;
    auto parameters = all(entries, &Entry::parameter), gradients = all(entries, &Entry::gradient);
    if (s.weight_decay != 0)
        gradients = at::_foreach_add(gradients, parameters, s.weight_decay);
    if (s.momentum != 0)
    {
        List rolling, pushes;
        for (size_t k = 0; k < entries.size(); k++)
        {
            auto& e = entries[k];
            if (e.first.defined())
            {
                rolling.push_back(e.first);
                pushes.push_back(gradients[k]);
            }
            else
            {
                e.first = gradients[k].clone().detach();
                e.slot->first = prt::give(e.first);
            }
        }
        if (!rolling.empty())
        {
            at::_foreach_mul_(rolling, s.momentum);
            at::_foreach_add_(rolling, pushes, 1 - s.dampening);
        }
        auto balls = all(entries, &Entry::first);
        gradients = s.nesterov ? at::_foreach_add(gradients, balls, s.momentum) : balls;
    }
    at::_foreach_add_(parameters, gradients, s.maximize ? s.lr : -s.lr);
}

// ---- RMSprop

struct RmsProp
{
    double lr, alpha, eps, weight_decay, momentum;
    bool centered, maximize;
};

template <typename T> struct RmsPropTerms
{
    T sign, alpha, rest, eps, decay, momentum, rate;
};

template <typename T, bool Fused, bool Decay, bool Centered, bool Momentum>
INLINE void rmsprop(int64_t begin, int64_t end, T* __restrict p, const T* __restrict g, T* __restrict v, T* __restrict b, T* __restrict m,
                    const RmsPropTerms<T>& t)
{
    for (auto k = begin; k < end; k++)
    {
        auto grad = t.sign * g[k];
        if (Decay)
            grad = mad<Fused>(t.decay, p[k], grad);
        auto square = mad<Fused>(t.rest * grad, grad, v[k] * t.alpha);
        v[k] = square;
        if (Centered)
        {
            auto mean = mad<Fused>(t.rest, grad, m[k] * t.alpha);
            m[k] = mean;
            square = mad<Fused>(-mean, mean, square);
        }
        auto below = std::sqrt(square) + t.eps;
        if (Momentum)
        {
            auto ball = b[k] * t.momentum + grad / below;
            b[k] = ball;
            p[k] = mad<Fused>(t.rate, ball, p[k]);
        }
        else
            p[k] += t.rate * grad / below;
    }
}

template <typename T, bool Fused, bool Decay>
INLINE void rmsprop(int64_t begin, int64_t end, T* p, const T* g, T* v, T* b, T* m, bool centered, bool momentum, const RmsPropTerms<T>& t)
{
    if (centered)
        momentum ? rmsprop<T, Fused, Decay, true, true>(begin, end, p, g, v, b, m, t)
                 : rmsprop<T, Fused, Decay, true, false>(begin, end, p, g, v, b, m, t);
    else
        momentum ? rmsprop<T, Fused, Decay, false, true>(begin, end, p, g, v, b, m, t)
                 : rmsprop<T, Fused, Decay, false, false>(begin, end, p, g, v, b, m, t);
}

template <typename T, bool Fused>
INLINE void rmsprop_loop(int64_t begin, int64_t end, T* p, const T* g, T* v, T* b, T* m, bool centered, bool momentum, bool decay,
                         const RmsPropTerms<T>& t)
{
    decay ? rmsprop<T, Fused, true>(begin, end, p, g, v, b, m, centered, momentum, t)
          : rmsprop<T, Fused, false>(begin, end, p, g, v, b, m, centered, momentum, t);
}

LOOPS(rmsprop_single, float, rmsprop_loop,
      (int64_t begin, int64_t end, float* p, const float* g, float* v, float* b, float* m, bool centered, bool momentum, bool decay,
       const RmsPropTerms<float>& t),
      begin, end, p, g, v, b, m, centered, momentum, decay, t)
LOOPS(rmsprop_double, double, rmsprop_loop,
      (int64_t begin, int64_t end, double* p, const double* g, double* v, double* b, double* m, bool centered, bool momentum, bool decay,
       const RmsPropTerms<double>& t),
      begin, end, p, g, v, b, m, centered, momentum, decay, t)

template <typename T> RmsPropTerms<T> terms(const RmsProp& r)
{
    return {static_cast<T>(r.maximize ? -1 : 1), static_cast<T>(r.alpha),    static_cast<T>(1 - r.alpha), static_cast<T>(r.eps),
            static_cast<T>(r.weight_decay),      static_cast<T>(r.momentum), static_cast<T>(-r.lr)};
}

void rmsprop_fused(const Entry& e, const RmsProp& r)
{
    auto decay = r.weight_decay != 0;
    auto momentum = r.momentum > 0;
    at::parallel_for(0, e.parameter.numel(), grain, [&](int64_t begin, int64_t end) {
        NoDenormals fast;
        if (e.parameter.scalar_type() == at::kFloat)
            rmsprop_single(begin, end, data<float>(e.parameter), data<float>(e.gradient), data<float>(e.first), data<float>(e.second),
                           data<float>(e.third), r.centered, momentum, decay, terms<float>(r));
        else
            rmsprop_double(begin, end, data<double>(e.parameter), data<double>(e.gradient), data<double>(e.first), data<double>(e.second),
                           data<double>(e.third), r.centered, momentum, decay, terms<double>(r));
    });
    written(e);
}

void rmsprop_lists(const std::vector<Entry>& entries, const RmsProp& r)
{
    auto parameters = all(entries, &Entry::parameter), gradients = all(entries, &Entry::gradient), squares = all(entries, &Entry::first);
    if (r.maximize)
        gradients = at::_foreach_neg(gradients);
    if (r.weight_decay != 0)
        gradients = at::_foreach_add(gradients, parameters, r.weight_decay);
    at::_foreach_mul_(squares, r.alpha);
    at::_foreach_addcmul_(squares, gradients, gradients, 1 - r.alpha);
    List below;
    if (r.centered)
    {
        auto means = all(entries, &Entry::third);
        at::_foreach_mul_(means, r.alpha);
        at::_foreach_add_(means, gradients, 1 - r.alpha);
        below = at::_foreach_sqrt(at::_foreach_addcmul(squares, means, means, -1));
    }
    else
        below = at::_foreach_sqrt(squares);
    at::_foreach_add_(below, r.eps);
    if (r.momentum > 0)
    {
        auto balls = all(entries, &Entry::second);
        at::_foreach_mul_(balls, r.momentum);
        at::_foreach_addcdiv_(balls, gradients, below, 1);
        at::_foreach_add_(parameters, balls, -r.lr);
    }
    else
        at::_foreach_addcdiv_(parameters, gradients, below, -r.lr);
}

template <typename Settings, typename Fused, typename Lists>
int step(prt_slot* slots, int32_t count, const Settings& settings, Fused fused, Lists lists)
{
    return prt::guarded([&] {
        at::NoGradGuard no_grad;
        std::vector<Entry> others;
        for (auto& e : with_gradients(slots, count))
        {
            if (fusable(e))
                fused(e, settings);
            else
                others.push_back(std::move(e));
        }
        if (!others.empty())
            lists(others, settings);
    });
}
}

// first: mean of the gradients, second: of their squares, third: the largest such (AMSGrad).
PRT int prt_adam(prt_slot* slots, int32_t count, double lr, double beta1, double beta2, double eps, double weight_decay, int32_t amsgrad,
                 int32_t maximize, int32_t decoupled)
{
    Adam settings{lr, beta1, beta2, eps, weight_decay, amsgrad != 0, maximize != 0, decoupled != 0};
    return step(slots, count, settings, adam_fused, adam_lists);
}

// first: the momentum buffer; where it is null and momentum is asked for, a new one is given back in its place.
PRT int prt_sgd(prt_slot* slots, int32_t count, double lr, double momentum, double dampening, double weight_decay, int32_t nesterov, int32_t maximize)
{
    Sgd settings{lr, momentum, dampening, weight_decay, nesterov != 0, maximize != 0};
    return step(slots, count, settings, sgd_fused, sgd_lists);
}

// first: mean of the squared gradients, second: the momentum buffer, third: mean of the gradients (centered).
PRT int prt_rmsprop(prt_slot* slots, int32_t count, double lr, double alpha, double eps, double weight_decay, double momentum, int32_t centered,
                    int32_t maximize)
{
    RmsProp settings{lr, alpha, eps, weight_decay, momentum, centered != 0, maximize != 0};
    return step(slots, count, settings, rmsprop_fused, rmsprop_lists);
}

// Empties the gradients of the parameters: to nothing, or to zeros in place.
PRT int prt_zero_grads(void** parameters, int32_t count, int32_t to_none)
{
    return prt::guarded([&] {
        at::NoGradGuard no_grad;
        for (int32_t k = 0; k < count; k++)
        {
            auto parameter = prt::borrow(parameters[k]);
            auto& gradient = parameter.mutable_grad();
            if (!gradient.defined())
                continue;
            if (to_none)
                gradient.reset();
            else
                gradient.zero_();
        }
    });
}

// Scales all gradients down so that their joint norm is at most the limit; returns the norm from before.
PRT int prt_clip_grad_norm(void** parameters, int32_t count, double limit, double order, double* norm)
{
    return prt::guarded([&] {
        at::NoGradGuard no_grad;
        List gradients, norms;
        for (int32_t k = 0; k < count; k++)
        {
            auto gradient = prt::borrow(parameters[k]).grad();
            if (!gradient.defined())
                continue;
            gradients.push_back(gradient);
            norms.push_back(std::isinf(order) ? gradient.abs().max() : gradient.norm(order));
            norms.back() = norms.back().to(norms.front().device());
        }
        *norm = 0;
        if (gradients.empty())
            return;
        auto joint = at::stack(norms);
        *norm = (std::isinf(order) ? joint.max() : joint.norm(order)).item<double>();
        auto scale = limit / (*norm + 1e-6);
        if (scale < 1)
            at::_foreach_mul_(gradients, scale);
    });
}
