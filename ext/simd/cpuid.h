/* The highest level that this processor and operating system run. */
#include "simd/common.h"

#if defined(SIMD_X86)
#include <cpuid.h>

static int has(unsigned value, unsigned bits) { return (value & bits) == bits; }

static int cpu_level(void) {
    unsigned a, b, c, d, saved, high;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return LEVEL_BASELINE;
    /* FMA, MOVBE, POPCNT, OSXSAVE, AVX, F16C */
    if (!has(c, 1u << 12 | 1u << 22 | 1u << 23 | 1u << 27 | 1u << 28 | 1u << 29)) return LEVEL_BASELINE;
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if (!has(saved, 0x06) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return LEVEL_BASELINE;
    unsigned extended_c = 0, unused_a, unused_b, unused_d;
    if (!__get_cpuid(0x80000001u, &unused_a, &unused_b, &extended_c, &unused_d)) return LEVEL_BASELINE;
    /* BMI, AVX2, BMI2; LZCNT */
    if (!has(b, 1u << 3 | 1u << 5 | 1u << 8) || !has(extended_c, 1u << 5)) return LEVEL_BASELINE;
    /* F, DQ, CD, BW, VL; VBMI, VNNI; opmask and ZMM state saved */
    if (has(b, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) && has(c, 1u << 1 | 1u << 11) && has(saved, 0xe6))
        return LEVEL_AVX512;
    return LEVEL_AVX2;
}
static const int built_level = LEVEL_AVX512;
#else
static int cpu_level(void) { return LEVEL_BASELINE; }
static const int built_level = LEVEL_BASELINE;
#endif

#if defined(__clang__)
static const char *const compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
static const char *const compiler = "gcc " __VERSION__;
#elif defined(_MSC_VER)
static const char *const compiler = "MSVC";
#else
static const char *const compiler = "unknown";
#endif

#if defined(IMGPROC_CHECKED)
static const int checked_build = 1;
#else
static const int checked_build = 0;
#endif
