/* Felzenszwalb's and Huttenlocher's segmentation: regions grow over the edges between neighbouring pixels, lightest first.

   Edges are not stored. They are computed, and looked at in raster order, once for each of a few groups of weights; what
   has no effect any more is left out there, where pixels of one place are in the cache together: edges within a region,
   and those of regions that have stopped growing. What remains of a group is sorted and looked at in its order. */
#ifndef IMGPROC_PIXEL_GRAPH_H
#define IMGPROC_PIXEL_GRAPH_H
#include "simd/edge_keys.h"
#include "simd/edge_order.h"

typedef struct {
    i32 parent; /* another pixel of the region, or of a root minus the pixels of the region */
    union {
        f32 inner; /* of a root: the heaviest edge that it grew over, negative once it has stopped */
        i32 label;
    } u;
} Node;

#define STOPPED (-1.0f)

typedef struct {
    const f32 *planes;
    ptrdiff_t height, width;
    int channels;
    f64 scale;
    i64 min_size;
    Node *nodes;
    u32 *keys;       /* of the edges of one row: room for 4 rows, then one for those that are chosen */
    Edge *edges, *spare;
    ptrdiff_t room;  /* edges that each of them holds */
} PixelGraph;

#define KEY_SHIFT 18
#define KEY_BINS ((int)(NAN_KEY >> KEY_SHIFT) + 1)

/* The root of a pixel's region; halves the way there. */
INLINE u32 root_of(Node *nodes, u32 pixel) {
    for (;;) {
        const i32 parent = nodes[pixel].parent;
        if (parent < 0) return pixel;
        const i32 above = nodes[parent].parent;
        if (above < 0) return (u32)parent;
        nodes[pixel].parent = above;
        pixel = (u32)above;
    }
}

/* Makes one region of two; gives its root. */
INLINE u32 join_roots(Node *nodes, u32 a, u32 b) {
    const u32 large = nodes[a].parent <= nodes[b].parent ? a : b, small = large == a ? b : a;
    nodes[large].parent += nodes[small].parent;
    nodes[small].parent = (i32)large;
    return large;
}

/* Keys of the edges that begin in row y; gives how many of each direction there are. */
INLINE void row_keys(const PixelGraph *graph, ptrdiff_t y, ptrdiff_t counts[DIRECTIONS]) {
    const ptrdiff_t width = graph->width, plane = graph->height * width;
    const f32 *row = graph->planes + y * width, *below = row + width;
    u32 *keys = graph->keys;
    const int last = y + 1 == graph->height;
    for (int direction = 0; direction < DIRECTIONS; direction++) counts[direction] = last ? 0 : width - (direction != DOWN);
    counts[RIGHT] = width - 1;
    edge_keys(row, row + 1, plane, graph->channels, counts[RIGHT], keys + RIGHT * width);
    if (last) return;
    edge_keys(row, below, plane, graph->channels, counts[DOWN], keys + DOWN * width);
    edge_keys(row, below + 1, plane, graph->channels, counts[DOWN_RIGHT], keys + DOWN_RIGHT * width);
    edge_keys(row + 1, below, plane, graph->channels, counts[UP_RIGHT], keys + UP_RIGHT * width);
}

/* The two pixels of an edge. */
INLINE void ends_of(u32 place, ptrdiff_t width, u32 *a, u32 *b) {
    const u32 direction = place >> 30;
    const u32 step[DIRECTIONS] = {(u32)width, 1, (u32)width + 1, (u32)width - 1};
    *a = (place & 0x3fffffff) + (direction == UP_RIGHT);
    *b = *a + step[direction];
}

/* Counts edges by weight. Edges of weight 0 come first of all in any order, and regions always grow over them. */
static void count_edges(const PixelGraph *graph, u32 *bins) {
    memset(bins, 0, KEY_BINS * sizeof *bins);
    for (ptrdiff_t y = 0; y < graph->height; y++) {
        ptrdiff_t counts[DIRECTIONS];
        row_keys(graph, y, counts);
        for (u32 direction = 0; direction < DIRECTIONS; direction++) {
            const u32 *keys = graph->keys + direction * graph->width;
            for (ptrdiff_t x = 0; x < counts[direction]; x++) {
                if (keys[x] == 0 && graph->scale > 0) {
                    u32 a, b;
                    ends_of(direction << 30 | (u32)(y * graph->width + x), graph->width, &a, &b);
                    a = root_of(graph->nodes, a);
                    b = root_of(graph->nodes, b);
                    if (a != b) join_roots(graph->nodes, a, b);
                } else {
                    bins[keys[x] >> KEY_SHIFT]++;
                }
            }
        }
    }
}

/* Which edges may still have an effect: while regions grow, or when small ones are joined to a neighbour. */
INLINE int is_open(const PixelGraph *graph, u32 a, u32 b, int joining) {
    const Node *nodes = graph->nodes;
    if (a == b) return 0;
    if (joining) return -(i64)nodes[a].parent < graph->min_size || -(i64)nodes[b].parent < graph->min_size;
    return nodes[a].u.inner >= 0 && nodes[b].u.inner >= 0;
}

/* The open edges with keys in [low, low + span), in raster order; their number, or -1 where there is no room. */
static ptrdiff_t gather_edges(const PixelGraph *graph, u32 low, u32 span, int joining) {
    u32 *const chosen = graph->keys + DIRECTIONS * graph->width;
    ptrdiff_t found = 0;
    for (ptrdiff_t y = 0; y < graph->height; y++) {
        ptrdiff_t counts[DIRECTIONS];
        row_keys(graph, y, counts);
        for (u32 direction = 0; direction < DIRECTIONS; direction++) {
            const u32 *keys = graph->keys + direction * graph->width;
            const u32 first = direction << 30 | (u32)(y * graph->width);
            ptrdiff_t n = 0;
            for (ptrdiff_t x = 0; x < counts[direction]; x++) {
                chosen[n] = (u32)x;
                n += keys[x] - low < span;
            }
            for (ptrdiff_t i = 0; i < n; i++) {
                u32 a, b;
                ends_of(first + chosen[i], graph->width, &a, &b);
                if (!is_open(graph, root_of(graph->nodes, a), root_of(graph->nodes, b), joining)) continue;
                if (found == graph->room) return -1;
                graph->edges[found++] = (Edge){keys[chosen[i]], first + chosen[i]};
            }
        }
    }
    return found;
}

/* Regions grow over an edge that is lighter than what both tolerate. One that does not stops for good: all that follows
   is no lighter, and it tolerates no more. */
INLINE void grow_over(const PixelGraph *graph, u32 key, u32 a, u32 b) {
    Node *nodes = graph->nodes;
    f32 squared;
    memcpy(&squared, &key, sizeof squared);
    const f32 weight = sqrtf(squared);
    const int keep_a = weight < nodes[a].u.inner + graph->scale / -(f64)nodes[a].parent;
    const int keep_b = weight < nodes[b].u.inner + graph->scale / -(f64)nodes[b].parent;
    if (keep_a && keep_b) {
        nodes[join_roots(nodes, a, b)].u.inner = weight;
        return;
    }
    if (!keep_a) nodes[a].u.inner = STOPPED;
    if (!keep_b) nodes[b].u.inner = STOPPED;
}

#if defined(__GNUC__)
#define PREFETCH(p) __builtin_prefetch(p, 1)
#else
#define PREFETCH(p) ((void)(p))
#endif
#define AHEAD 24

static void use_edges(const PixelGraph *graph, const Edge *edges, ptrdiff_t n, int joining) {
    Node *nodes = graph->nodes;
    for (ptrdiff_t i = 0; i < n; i++) {
        u32 a, b;
        if (i + AHEAD < n) {
            ends_of(edges[i + AHEAD].place, graph->width, &a, &b);
            PREFETCH(nodes + a);
            PREFETCH(nodes + b);
        }
        ends_of(edges[i].place, graph->width, &a, &b);
        a = root_of(nodes, a);
        b = root_of(nodes, b);
        if (!is_open(graph, a, b, joining)) continue;
        if (joining) join_roots(nodes, a, b);
        else grow_over(graph, edges[i].key, a, b);
    }
}

/* All edges in order, group by group. Once half of them are done, what is left may be few enough to be one group. */
static void run_edges(const PixelGraph *graph, const u32 *bins, i64 all, int joining) {
    i64 done = 0;
    for (int bin = 0; bin < KEY_BINS;) {
        const u32 low = (u32)bin << KEY_SHIFT;
        ptrdiff_t n = -1;
        if (joining || 2 * done >= all) {
            n = gather_edges(graph, low, UINT32_MAX - low, joining);
            if (n >= 0) bin = KEY_BINS;
        }
        if (n < 0) {
            i64 count = bins[bin++];
            while (bin < KEY_BINS && count + bins[bin] <= graph->room) count += bins[bin++];
            done += count;
            if (count == 0) continue;
            n = gather_edges(graph, low, ((u32)bin << KEY_SHIFT) - low, joining);
        }
        use_edges(graph, sort_edges(graph->edges, graph->spare, n, low), n, joining);
    }
}

/* Numbers the regions by their first pixels in raster order; gives their count. */
static i32 number_regions(Node *nodes, i64 pixels, i32 *labels) {
    i32 count = 0;
    for (i64 i = 0; i < pixels; i++) nodes[i].u.label = -1;
    for (i64 i = 0; i < pixels; i++) {
        Node *root = nodes + root_of(nodes, (u32)i);
        if (root->u.label < 0) root->u.label = count++;
        labels[i] = root->u.label;
    }
    return count;
}

/* Labels of the regions of an image; their count, or -1 without memory. */
static UNUSED i32 segment_graph(PixelGraph *graph, i32 *labels) {
    const i64 pixels = (i64)graph->height * graph->width;
    i64 all = 0;
    i32 count = -1;
    u32 *bins = malloc(KEY_BINS * sizeof *bins);
    graph->nodes = malloc((size_t)pixels * sizeof(Node));
    graph->keys = malloc((DIRECTIONS + 1) * (size_t)graph->width * sizeof(u32));
    graph->edges = graph->spare = NULL;
    if (bins && graph->nodes && graph->keys) {
        for (i64 i = 0; i < pixels; i++) graph->nodes[i] = (Node){-1, {0}};
        count_edges(graph, bins);
        graph->room = pixels / 2 > 4096 ? pixels / 2 : 4096;
        for (int bin = 0; bin < KEY_BINS; bin++) {
            all += bins[bin];
            if (bins[bin] > graph->room) graph->room = bins[bin];
        }
        graph->edges = malloc((size_t)graph->room * sizeof(Edge));
        graph->spare = malloc((size_t)graph->room * sizeof(Edge));
        if (graph->edges && graph->spare) {
            if (graph->scale > 0) run_edges(graph, bins, all, 0);
            if (graph->min_size > 1) run_edges(graph, bins, all, 1);
            count = number_regions(graph->nodes, pixels, labels);
        }
    }
    free(bins);
    free(graph->nodes);
    free(graph->keys);
    free(graph->edges);
    free(graph->spare);
    return count;
}

#endif
