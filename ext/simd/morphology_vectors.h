/* Vectors of keys: samples in an order in which the least and the greatest of any set are the same bits however they are
   found. Bytes and words are their own keys. Included for each SAMPLE at each level, with KEY its key.

   A float's key is its bits as an integer that grows with it, -0 just below +0. The numbers are moved so that NaN, which
   stands outside both infinities, wraps round to one end: the lower for minima, the upper for maxima. */
#if LEVEL == LEVEL_AVX512 || LEVEL == LEVEL_AVX2
typedef VECTOR ID(keys);
#elif defined(__GNUC__)
typedef KEY ID(keys) __attribute__((vector_size(16)));
#else
typedef KEY ID(keys);
#endif
#define KEYS ID(keys)
#define LANES ((ptrdiff_t)(sizeof(KEYS) / sizeof(KEY)))

/* The lesser of each two, or the greater where `most`. */
INLINE KEYS ID(pick)(KEYS a, KEYS b, int most) {
#if LEVEL > LEVEL_BASELINE
    return most ? OP(MOST)(a, b) : OP(LEAST)(a, b);
#elif defined(__GNUC__)
    const KEYS mask = most ? (KEYS)(a > b) : (KEYS)(a < b);
    return (a & mask) | (b & ~mask);
#else
    return (most ? a > b : a < b) ? a : b;
#endif
}

INLINE KEYS ID(load)(const KEY *p) {
    KEYS v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void ID(store)(KEY *p, KEYS v) { memcpy(p, &v, sizeof v); }

#if FLOATS_AS_KEYS
#define NAN_ROOM 0x007fffff /* one less than the NaNs of one sign */
#if LEVEL > LEVEL_BASELINE
INLINE KEYS ID(flip)(KEYS v) { return BITS(xor)(v, OP(srli_epi32)(OP(srai_epi32)(v, 31), 1)); }
INLINE KEYS ID(shift)(KEYS v, i32 by) { return OP(add_epi32)(v, OP(set1_epi32)(by)); }
#elif defined(__GNUC__)
typedef u32 ID(bits) __attribute__((vector_size(16)));
INLINE KEYS ID(flip)(KEYS v) { return v ^ (KEYS)((ID(bits))(v >> 31) >> 1); }
INLINE KEYS ID(shift)(KEYS v, i32 by) { return (KEYS)((ID(bits))v + (u32)by); }
#else
INLINE KEYS ID(flip)(KEYS v) { return v < 0 ? v ^ 0x7fffffff : v; }
INLINE KEYS ID(shift)(KEYS v, i32 by) { return (KEYS)((u32)v + (u32)by); }
#endif
INLINE KEYS ID(to_keys)(KEYS v, int most) { return ID(shift)(ID(flip)(v), most ? -NAN_ROOM : NAN_ROOM); }
INLINE KEYS ID(from_keys)(KEYS v, int most) { return ID(flip)(ID(shift)(v, most ? NAN_ROOM : -NAN_ROOM)); }
#undef NAN_ROOM
#else
INLINE KEYS ID(to_keys)(KEYS v, int most) {
    (void)most;
    return v;
}
INLINE KEYS ID(from_keys)(KEYS v, int most) {
    (void)most;
    return v;
}
#endif

/* The keys of LANES samples, or of the first `count`. */
INLINE KEYS ID(take)(const SAMPLE *p, ptrdiff_t count, int most) {
    KEYS v;
    if (count < LANES) memset(&v, 0, sizeof v);
    memcpy(&v, p, (size_t)(count < LANES ? count : LANES) * sizeof(KEY));
    return ID(to_keys)(v, most);
}

INLINE void ID(give)(SAMPLE *p, KEYS v, ptrdiff_t count, int most) {
    v = ID(from_keys)(v, most);
    memcpy(p, &v, (size_t)(count < LANES ? count : LANES) * sizeof(KEY));
}

/* The key of the sample at *p. */
INLINE void ID(key)(const SAMPLE *p, KEY *key, int most) {
    const KEYS v = ID(take)(p, 1, most);
    memcpy(key, &v, sizeof *key);
}
