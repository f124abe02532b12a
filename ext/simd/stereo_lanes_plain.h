/* The vectors of stereo_lanes.h as arrays, for other compilers and machines. Included by it alone, at the baseline. */

typedef union {
    u8 b[16];
    i8 s[16];
    u16 w[8];
} STEREO_VECTOR;

#define STEREO_EACH(count, expression)                                   \
    STEREO_VECTOR r;                                                     \
    for (int i = 0; i < (count); i++) expression;                        \
    return r

INLINE STEREO_VECTOR FN(stereo_load)(const void *p) {
    STEREO_VECTOR v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void FN(stereo_store)(void *p, STEREO_VECTOR v) { memcpy(p, &v, sizeof v); }
INLINE STEREO_VECTOR FN(stereo_every_byte)(u8 a) { STEREO_EACH(16, r.b[i] = a); }
INLINE STEREO_VECTOR FN(stereo_every_word)(u16 a) { STEREO_EACH(8, r.w[i] = a); }
INLINE STEREO_VECTOR FN(stereo_or)(STEREO_VECTOR x, STEREO_VECTOR y) { STEREO_EACH(16, r.b[i] = x.b[i] | y.b[i]); }
INLINE STEREO_VECTOR FN(stereo_xor)(STEREO_VECTOR x, STEREO_VECTOR y) { STEREO_EACH(16, r.b[i] = x.b[i] ^ y.b[i]); }
INLINE STEREO_VECTOR FN(stereo_add_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(16, r.b[i] = (u8)(x.b[i] + y.b[i]));
}
INLINE STEREO_VECTOR FN(stereo_subtract_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(16, r.b[i] = (u8)(x.b[i] - y.b[i]));
}
/* Saturating at 255. */
INLINE STEREO_VECTOR FN(stereo_raise)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(16, r.b[i] = (u8)(x.b[i] > 255 - y.b[i] ? 255 : x.b[i] + y.b[i]));
}
INLINE STEREO_VECTOR FN(stereo_min_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(16, r.b[i] = x.b[i] < y.b[i] ? x.b[i] : y.b[i]);
}
INLINE STEREO_VECTOR FN(stereo_distance)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(16, r.b[i] = (u8)(x.b[i] > y.b[i] ? x.b[i] - y.b[i] : y.b[i] - x.b[i]));
}
INLINE STEREO_VECTOR FN(stereo_ones)(STEREO_VECTOR x) {
    STEREO_VECTOR r;
    for (int i = 0; i < 16; i++) {
        u8 v = (u8)(x.b[i] - (x.b[i] >> 1 & 0x55));
        v = (u8)((v & 0x33) + (v >> 2 & 0x33));
        r.b[i] = (u8)((v + (v >> 4)) & 15);
    }
    return r;
}
INLINE STEREO_VECTOR FN(stereo_low_words)(STEREO_VECTOR x) { STEREO_EACH(8, r.w[i] = x.b[i]); }
INLINE STEREO_VECTOR FN(stereo_high_words)(STEREO_VECTOR x) { STEREO_EACH(8, r.w[i] = x.b[8 + i]); }
INLINE STEREO_VECTOR FN(stereo_low_signed)(STEREO_VECTOR x) { STEREO_EACH(8, r.w[i] = (u16)x.s[i]); }
INLINE STEREO_VECTOR FN(stereo_high_signed)(STEREO_VECTOR x) { STEREO_EACH(8, r.w[i] = (u16)x.s[8 + i]); }
INLINE STEREO_VECTOR FN(stereo_narrow)(STEREO_VECTOR low, STEREO_VECTOR high) {
    STEREO_EACH(16, r.b[i] = (u8)(i < 8 ? low.w[i & 7] : high.w[i & 7]));
}
INLINE STEREO_VECTOR FN(stereo_add)(STEREO_VECTOR x, STEREO_VECTOR y) { STEREO_EACH(8, r.w[i] = (u16)(x.w[i] + y.w[i])); }
INLINE STEREO_VECTOR FN(stereo_subtract)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(8, r.w[i] = (u16)(x.w[i] - y.w[i]));
}
INLINE STEREO_VECTOR FN(stereo_times)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(8, r.w[i] = (u16)((u32)x.w[i] * y.w[i]));
}
INLINE STEREO_VECTOR FN(stereo_times_high)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(8, r.w[i] = (u16)((u32)x.w[i] * y.w[i] >> 16));
}
INLINE STEREO_VECTOR FN(stereo_min)(STEREO_VECTOR x, STEREO_VECTOR y) {
    STEREO_EACH(8, r.w[i] = x.w[i] < y.w[i] ? x.w[i] : y.w[i]);
}
INLINE STEREO_VECTOR FN(stereo_shift)(STEREO_VECTOR x, int bits) { STEREO_EACH(8, r.w[i] = (u16)(x.w[i] >> bits)); }
/* A bit for each word, the first the lowest. */
INLINE u32 FN(stereo_not_above)(STEREO_VECTOR x, STEREO_VECTOR y) {
    u32 bits = 0;
    for (int i = 0; i < 8; i++) bits |= (u32)(x.w[i] <= y.w[i]) << i;
    return bits;
}
/* The bytes one place on: the last of `before` first. */
INLINE STEREO_VECTOR FN(stereo_from_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    STEREO_EACH(16, r.b[i] = i ? x.b[(i + 15) & 15] : before.b[15]);
}
/* The bytes one place back: the first of `after` last. */
INLINE STEREO_VECTOR FN(stereo_from_after)(STEREO_VECTOR x, STEREO_VECTOR after) {
    STEREO_EACH(16, r.b[i] = i < 15 ? x.b[(i + 1) & 15] : after.b[0]);
}
INLINE STEREO_VECTOR FN(stereo_words_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    STEREO_EACH(8, r.w[i] = i ? x.w[(i + 7) & 7] : before.w[7]);
}
INLINE u8 FN(stereo_least_byte)(STEREO_VECTOR x) {
    u8 least = 255;
    for (int i = 0; i < 16; i++) least = x.b[i] < least ? x.b[i] : least;
    return least;
}
INLINE u16 FN(stereo_least)(STEREO_VECTOR x) {
    u16 least = 65535;
    for (int i = 0; i < 8; i++) least = x.w[i] < least ? x.w[i] : least;
    return least;
}
#undef STEREO_EACH
