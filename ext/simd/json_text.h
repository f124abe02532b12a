/* JSON by its grammar (RFC 8259), ASCII alone: skipping of any value, numbers and plain strings.

   Every function takes where a value begins and returns where it ends, or NULL where the text is not JSON, or is more
   than this reads; the caller then leaves the whole to a general parser, which says what is wrong. */
#ifndef IMGPROC_JSON_TEXT_H
#define IMGPROC_JSON_TEXT_H

#include "simd/common.h"

typedef struct {
    const char *end;
    int (*slow_number)(const char *, ptrdiff_t, f64 *); /* any number of the grammar; 0 where it fails */
} Json;

#define JSON_DEPTH 64

INLINE const char *json_space(const Json *j, const char *p) {
    while (p < j->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
    return p;
}

/* The given character after any space. */
INLINE const char *json_expect(const Json *j, const char *p, char wanted) {
    p = json_space(j, p);
    return p < j->end && *p == wanted ? p + 1 : NULL;
}

INLINE int json_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* A string; *plain says that it has no escapes. */
INLINE const char *json_string(const Json *j, const char *p, int *plain) {
    if (p == j->end || *p++ != '"') return NULL;
    *plain = 1;
    while (p < j->end) {
        unsigned char c = (unsigned char)*p++;
        if (c == '"') return p;
        if (c < 0x20 || c > 0x7f) return NULL;
        if (c != '\\') continue;
        *plain = 0;
        if (p == j->end) return NULL;
        c = (unsigned char)*p++;
        if (c == 'u') {
            for (int i = 0; i < 4; i++)
                if (p == j->end || !json_hex(*p++)) return NULL;
        } else if (!strchr("\"\\/bfnrt", c) || !c) {
            return NULL;
        }
    }
    return NULL;
}

static const f64 json_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#if defined(__SIZEOF_INT128__)
/* digits / 10^places to the nearest double: the quotient by 5^places to 64 bits at least, its last bit set where anything
   is left, rounds as the exact one does; powers of two do not round. places <= 27. */
INLINE f64 json_quotient(u64 digits, int places) {
    unsigned __int128 numerator = digits;
    u64 divisor = 1;
    int shift = 0;
    for (int i = 0; i < places; i++) divisor *= 5;
    /* 19 digits and more have 60 bits: shifted by 64 they keep 2^60 quotients of 2^63. */
    numerator <<= 64;
    shift = 64;
    unsigned __int128 quotient = numerator / divisor;
    int sticky = numerator % divisor != 0;
    while (quotient >> 64) {
        sticky |= (int)(quotient & 1);
        quotient >>= 1;
        shift--;
    }
    return ldexp((f64)((u64)quotient | (u64)sticky), -shift - places);
}
#endif

/* Digits up to 19 in *digits, more are refused; their number in *count. */
INLINE const char *json_digits(const Json *j, const char *p, u64 *digits, int *count) {
    const char *start = p;
    while (p < j->end && (unsigned)(*p - '0') < 10) {
        *digits = *digits * 10 + (u64)(*p++ - '0');
        if (p - start > 40) return NULL;
    }
    *count += (int)(p - start);
    return p > start ? p : NULL;
}

/* A number, correctly rounded, and whether it is written as an integer (then below 10^18 in *integer). */
INLINE const char *json_number(const Json *j, const char *p, f64 *value, i64 *integer, int *whole) {
    const char *start = p, *first;
    u64 digits = 0;
    int negative = p < j->end && *p == '-', count = 0, places = 0, exponent = 0;
    p += negative;
    first = p;
    p = json_digits(j, p, &digits, &count);
    if (!p || (*first == '0' && p - first > 1)) return NULL;
    *whole = 1;
    if (p < j->end && *p == '.') {
        *whole = 0;
        p = json_digits(j, p + 1, &digits, &places);
        if (!p) return NULL;
        count += places;
    }
    if (p < j->end && (*p == 'e' || *p == 'E')) {
        *whole = 0;
        u64 power = 0;
        int length = 0, below = 0;
        p++;
        if (p < j->end && (*p == '-' || *p == '+')) below = *p++ == '-';
        p = json_digits(j, p, &power, &length);
        if (!p || length > 4) return NULL;
        exponent = below ? -(int)power : (int)power;
    }
    exponent -= places;
    if (*whole) {
        if (count > 18) return NULL;
        *integer = negative ? -(i64)digits : (i64)digits;
    }
    /* At most 19 digits fit; leading zeros only make this leave more to the slow way. */
    if (count <= 19 && digits <= (u64)1 << 53 && exponent <= 22 && exponent >= -22) {
        f64 exact = (f64)digits;
        *value = exponent < 0 ? exact / json_powers[-exponent] : exact * json_powers[exponent];
#if defined(__SIZEOF_INT128__)
    } else if (count <= 19 && exponent < 0 && exponent >= -27 && digits > (u64)1 << 53) {
        *value = json_quotient(digits, -exponent);
#endif
    } else {
        return j->slow_number(start, p - start, value) ? p : NULL;
    }
    if (negative) *value = -*value;
    return p;
}

static const char *json_skip(const Json *j, const char *p, int depth) {
    f64 value;
    i64 integer;
    int flag;
    p = json_space(j, p);
    if (p == j->end || depth == JSON_DEPTH) return NULL;
    if (*p == '"') return json_string(j, p, &flag);
    if (*p == '[' || *p == '{') {
        char close = *p == '[' ? ']' : '}';
        p = json_space(j, p + 1);
        if (p < j->end && *p == close) return p + 1;
        while (p) {
            if (close == '}') {
                p = json_string(j, json_space(j, p), &flag);
                p = p ? json_expect(j, p, ':') : NULL;
            }
            p = p ? json_skip(j, p, depth + 1) : NULL;
            p = p ? json_space(j, p) : NULL;
            if (!p || p == j->end) return NULL;
            if (*p == close) return p + 1;
            p = *p == ',' ? p + 1 : NULL;
        }
        return NULL;
    }
    if (j->end - p >= 4 && (!memcmp(p, "true", 4) || !memcmp(p, "null", 4))) return p + 4;
    if (j->end - p >= 5 && !memcmp(p, "false", 5)) return p + 5;
    return json_number(j, p, &value, &integer, &flag);
}

#endif
