/* The k best of a stream of values, by a heap whose root is the worst of them. */
#ifndef IMGPROC_PEAK_HEAP_H
#define IMGPROC_PEAK_HEAP_H
#include "simd/common.h"

typedef struct {
    f32 value;
    i64 at;
} Peak;

/* `least` is what a value must be above to be taken. */
typedef struct {
    Peak *peaks;
    ptrdiff_t n, most;
    f32 least;
} PeakHeap;

/* Of equal values the one that comes first is better. */
INLINE int worse(Peak a, Peak b) {
    return a.value < b.value || (a.value == b.value && a.at > b.at);
}

INLINE void sink(Peak *peaks, ptrdiff_t n, ptrdiff_t root, Peak peak) {
    for (;;) {
        ptrdiff_t child = 2 * root + 1;
        if (child >= n) break;
        if (child + 1 < n && worse(peaks[child + 1], peaks[child])) child++;
        if (!worse(peaks[child], peak)) break;
        peaks[root] = peaks[child];
        root = child;
    }
    peaks[root] = peak;
}

/* A value above `least`; they come by ascending `at`. */
static UNUSED void keep_peak(PeakHeap *heap, f32 value, i64 at) {
    const Peak peak = {value, at};
    if (heap->n < heap->most) {
        ptrdiff_t place = heap->n++;
        for (; place > 0 && worse(peak, heap->peaks[(place - 1) / 2]); place = (place - 1) / 2)
            heap->peaks[place] = heap->peaks[(place - 1) / 2];
        heap->peaks[place] = peak;
    } else {
        sink(heap->peaks, heap->n, 0, peak);
    }
    if (heap->n == heap->most && heap->peaks[0].value > heap->least) heap->least = heap->peaks[0].value;
}

/* Best first; the heap is one no longer. */
static UNUSED void sort_peaks(PeakHeap *heap) {
    for (ptrdiff_t n = heap->n - 1; n > 0; n--) {
        const Peak last = heap->peaks[n];
        heap->peaks[n] = heap->peaks[0];
        sink(heap->peaks, n, 0, last);
    }
}

#endif
