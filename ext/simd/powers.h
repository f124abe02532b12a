/* Logarithm and exponential as sums of powers in float64, good to 2^-36: the same bits at every level, and faster than a call for
   each. Included where LEVEL and FN are set, once in each file. */
/* ln of a quotient of two positive float32, which is a normal float64. With the mantissa m from 1/√2 to √2 and
   s = (m - 1) / (m + 1), ln m = 2 (s + s^3 / 3 + s^5 / 5 ...); s^2 < 0.0295. */
INLINE f64 FN(ln)(f64 x) {
    u64 bits;
    f64 m, exponent;
    memcpy(&bits, &x, sizeof bits);
    /* The exponent plus 1024, then as the last bits of 2^52: AVX2 has no conversion from 64-bit integers. */
    const u64 raised = (bits - 0x3fe6a09e667f3bcdu /* 1 / sqrt(2) */ + ((u64)1024 << 52)) >> 52;
    const u64 counted = 0x4330000000000000u | raised;
    memcpy(&exponent, &counted, sizeof exponent);
    exponent -= 4503599627370496.0 + 1024.0;
    bits -= (raised - 1024) << 52;
    memcpy(&m, &bits, sizeof m);
    const f64 s = (m - 1) / (m + 1), q = s * s;
    const f64 odd = 1 + q * (1 / 3.0 + q * (1 / 5.0 + q * (1 / 7.0 + q * (1 / 9.0 + q * (1 / 11.0 + q * (1 / 13.0))))));
    return exponent * 0.69314718055994531 + 2 * s * odd;
}

/* e^x for x from -700 to 700: 2^k e^r with |r| <= ln(2) / 2. */
INLINE f64 FN(power)(f64 x) {
    const f64 magic = 6755399441055744.0; /* 1.5 * 2^52: adding it leaves the nearest integer in the low bits */
    const f64 shifted = x * 1.4426950408889634 + magic, k = shifted - magic;
    const f64 r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
    const f64 e = 1 + r * (1 + r * (1 / 2.0 + r * (1 / 6.0 + r * (1 / 24.0 + r * (1 / 120.0 + r * (1 / 720.0 +
                  r * (1 / 5040.0 + r * (1 / 40320.0 + r * (1 / 362880.0)))))))));
    u64 bits, whole;
    f64 result;
    memcpy(&whole, &shifted, sizeof whole);
    memcpy(&bits, &e, sizeof bits);
    bits += whole << 52;
    memcpy(&result, &bits, sizeof result);
    return result;
}
