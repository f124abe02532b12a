/* The vectors of stereo_lanes.h at the baseline, in GNU vectors of little-endian machines: what SSE2 and NEON have,
   without naming them. Included by it alone. */

typedef u8 STEREO_VECTOR __attribute__((vector_size(16)));
typedef u16 FN(stereo_w8) __attribute__((vector_size(16)));
typedef u8 FN(stereo_b8) __attribute__((vector_size(8)));
typedef i8 FN(stereo_s8) __attribute__((vector_size(8)));
typedef i16 FN(stereo_i8) __attribute__((vector_size(16)));
typedef u64 FN(stereo_q2) __attribute__((vector_size(16)));
typedef u32 FN(stereo_d8) __attribute__((vector_size(32)));
#define S_W(v) ((FN(stereo_w8))(v))
#define S_B(v) ((STEREO_VECTOR)(v))
/* x where the mask is set, else y. */
#define S_PICK(type, mask, x, y) (((type)(mask) & (x)) | (~(type)(mask) & (y)))

INLINE STEREO_VECTOR FN(stereo_load)(const void *p) {
    STEREO_VECTOR v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void FN(stereo_store)(void *p, STEREO_VECTOR v) { memcpy(p, &v, sizeof v); }
INLINE STEREO_VECTOR FN(stereo_every_byte)(u8 a) { return (STEREO_VECTOR){0} + a; }
INLINE STEREO_VECTOR FN(stereo_every_word)(u16 a) { return S_B((FN(stereo_w8)){0} + a); }
INLINE STEREO_VECTOR FN(stereo_or)(STEREO_VECTOR x, STEREO_VECTOR y) { return x | y; }
INLINE STEREO_VECTOR FN(stereo_xor)(STEREO_VECTOR x, STEREO_VECTOR y) { return x ^ y; }
INLINE STEREO_VECTOR FN(stereo_add_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return x + y; }
INLINE STEREO_VECTOR FN(stereo_subtract_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return x - y; }
INLINE STEREO_VECTOR FN(stereo_min_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_PICK(STEREO_VECTOR, x < y, x, y); }
/* Saturating at 255. */
INLINE STEREO_VECTOR FN(stereo_raise)(STEREO_VECTOR x, STEREO_VECTOR y) { return x + FN(stereo_min_bytes)(y, ~x); }
INLINE STEREO_VECTOR FN(stereo_distance)(STEREO_VECTOR x, STEREO_VECTOR y) {
    return S_PICK(STEREO_VECTOR, x < y, y - x, x - y);
}
INLINE STEREO_VECTOR FN(stereo_ones)(STEREO_VECTOR x) {
    x -= x >> 1 & 0x55;
    x = (x & 0x33) + (x >> 2 & 0x33);
    return (x + (x >> 4)) & 15;
}
INLINE FN(stereo_b8) FN(stereo_half)(STEREO_VECTOR x, int k) {
    FN(stereo_b8) half;
    memcpy(&half, (const char *)&x + 8 * k, sizeof half);
    return half;
}
INLINE STEREO_VECTOR FN(stereo_low_words)(STEREO_VECTOR x) {
    return S_B(__builtin_convertvector(FN(stereo_half)(x, 0), FN(stereo_w8)));
}
INLINE STEREO_VECTOR FN(stereo_high_words)(STEREO_VECTOR x) {
    return S_B(__builtin_convertvector(FN(stereo_half)(x, 1), FN(stereo_w8)));
}
INLINE STEREO_VECTOR FN(stereo_low_signed)(STEREO_VECTOR x) {
    return S_B(__builtin_convertvector((FN(stereo_s8))FN(stereo_half)(x, 0), FN(stereo_i8)));
}
INLINE STEREO_VECTOR FN(stereo_high_signed)(STEREO_VECTOR x) {
    return S_B(__builtin_convertvector((FN(stereo_s8))FN(stereo_half)(x, 1), FN(stereo_i8)));
}
/* Words of at most 255. */
INLINE STEREO_VECTOR FN(stereo_narrow)(STEREO_VECTOR low, STEREO_VECTOR high) {
    const FN(stereo_b8) halves[2] = {__builtin_convertvector(S_W(low), FN(stereo_b8)),
                                     __builtin_convertvector(S_W(high), FN(stereo_b8))};
    return FN(stereo_load)(halves);
}
INLINE STEREO_VECTOR FN(stereo_add)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_B(S_W(x) + S_W(y)); }
INLINE STEREO_VECTOR FN(stereo_subtract)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_B(S_W(x) - S_W(y)); }
INLINE STEREO_VECTOR FN(stereo_times)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_B(S_W(x) * S_W(y)); }
INLINE STEREO_VECTOR FN(stereo_times_high)(STEREO_VECTOR x, STEREO_VECTOR y) {
    const FN(stereo_d8) product =
        __builtin_convertvector(S_W(x), FN(stereo_d8)) * __builtin_convertvector(S_W(y), FN(stereo_d8));
    return S_B(__builtin_convertvector(product >> 16, FN(stereo_w8)));
}
INLINE STEREO_VECTOR FN(stereo_shift)(STEREO_VECTOR x, int bits) { return S_B(S_W(x) >> (u16)bits); }
INLINE STEREO_VECTOR FN(stereo_min)(STEREO_VECTOR x, STEREO_VECTOR y) {
    return S_B(S_PICK(FN(stereo_w8), S_W(x) < S_W(y), S_W(x), S_W(y)));
}
/* A bit for each word, the first the lowest: 1 where x <= y. The product brings bit k of byte k into the highest byte. */
INLINE u32 FN(stereo_not_above)(STEREO_VECTOR x, STEREO_VECTOR y) {
    const FN(stereo_b8) bytes = __builtin_convertvector((FN(stereo_w8))(S_W(x) <= S_W(y)), FN(stereo_b8));
    u64 bits;
    memcpy(&bits, &bytes, sizeof bits);
    return (u32)((bits & 0x8040201008040201u) * 0x0101010101010101u >> 56);
}
/* The second half of x, then the first of y. */
INLINE FN(stereo_q2) FN(stereo_between)(STEREO_VECTOR x, STEREO_VECTOR y) {
    const FN(stereo_q2) a = (FN(stereo_q2))x, b = (FN(stereo_q2))y;
    return (FN(stereo_q2)){a[1], b[0]};
}
/* The bytes one place on: the last of `before` first. */
INLINE STEREO_VECTOR FN(stereo_from_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    return S_B((FN(stereo_q2))x << 8 | FN(stereo_between)(before, x) >> 56);
}
/* The bytes one place back: the first of `after` last. */
INLINE STEREO_VECTOR FN(stereo_from_after)(STEREO_VECTOR x, STEREO_VECTOR after) {
    return S_B((FN(stereo_q2))x >> 8 | FN(stereo_between)(x, after) << 56);
}
INLINE STEREO_VECTOR FN(stereo_words_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    return S_B((FN(stereo_q2))x << 16 | FN(stereo_between)(before, x) >> 48);
}
/* The lower half of what is left is all that counts. */
INLINE u8 FN(stereo_least_byte)(STEREO_VECTOR x) {
    x = FN(stereo_min_bytes)(x, S_B(FN(stereo_between)(x, x)));
    for (int bits = 32; bits >= 8; bits /= 2) x = FN(stereo_min_bytes)(x, S_B((FN(stereo_q2))x >> (u64)bits));
    return x[0];
}
INLINE u16 FN(stereo_least)(STEREO_VECTOR x) {
    x = FN(stereo_min)(x, S_B(FN(stereo_between)(x, x)));
    for (int bits = 32; bits >= 16; bits /= 2) x = FN(stereo_min)(x, S_B((FN(stereo_q2))x >> (u64)bits));
    return S_W(x)[0];
}
#undef S_W
#undef S_B
#undef S_PICK
