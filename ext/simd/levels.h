/* Compiles the file named by SIMD_SOURCE once per instruction-set level.

   A kernel header includes itself through this file:

       #ifndef LEVEL
       #define SIMD_SOURCE "simd/<name>.h"
       #include "simd/levels.h"
       DISPATCH(void, thing, (const u8 *src, ptrdiff_t n), (src, n))
       #else
       static void FN(thing)(const u8 *src, ptrdiff_t n) { ... }
       #endif

   In the source LEVEL is LEVEL_BASELINE, LEVEL_AVX2 or LEVEL_AVX512, and FN(thing) is thing_baseline,
   thing_avx2 or thing_avx512. Off x86-64, and with MSVC, the baseline alone is compiled.

   AVX2 means x86-64-v3 (Haswell, Zen). AVX-512 means F, BW, CD, DQ, VL, VBMI and VNNI (Ice Lake, Zen 4). */
#include "simd/common.h"

#define LEVEL LEVEL_BASELINE
#define FN(name) name##_baseline
#include SIMD_SOURCE
#undef FN
#undef LEVEL

#if defined(SIMD_X86)
#define SIMD_FEATURES_AVX2 "avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,popcnt"
#define SIMD_FEATURES_AVX512 SIMD_FEATURES_AVX2 ",avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vnni"

#define LEVEL LEVEL_AVX2
#define FN(name) name##_avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(SIMD_FEATURES_AVX2))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,popcnt")
#endif
#include SIMD_SOURCE
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FN
#undef LEVEL

#define LEVEL LEVEL_AVX512
#define FN(name) name##_avx512
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(SIMD_FEATURES_AVX512))), apply_to = function)
#pragma clang attribute push(__attribute__((min_vector_width(512))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vnni,prefer-vector-width=512")
#endif
#include SIMD_SOURCE
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FN
#undef LEVEL

#undef SIMD_FEATURES_AVX2
#undef SIMD_FEATURES_AVX512
#endif
#undef SIMD_SOURCE
