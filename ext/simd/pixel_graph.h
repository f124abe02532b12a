/* Felzenszwalb's and Huttenlocher's segmentation: regions grow over the edges between neighbouring pixels, lightest first.

   Edges are not stored. They are computed, and looked at in raster order, once for each of a few groups of weights; what
   has no effect any more is left out there: edges within a region, and those of regions that have stopped growing. What
   remains of a group is sorted and looked at in its order. */
#ifndef IMGPROC_PIXEL_GRAPH_H
#define IMGPROC_PIXEL_GRAPH_H
#include "simd/edge_keys.h"
#include "simd/edge_order.h"
#include "simd/pixel_regions.h"

typedef struct {
    const f32 *planes;
    ptrdiff_t height, width;
    int channels;
    f64 scale;
    i64 min_size;
    Node *nodes;
    u32 *bins;  /* edges of each weight, see count_edges */
    u32 *roots; /* of each pixel, when a group begins; CLOSED where its region is */
    Edge *edges, *spare;
    ptrdiff_t room; /* edges that each of them holds, with `edges_beyond` more */
    u32 *keys;      /* of the edges of one row: DIRECTIONS rows */
} PixelGraph;

/* Weights that are counted together differ by 1.6 % at most. */
#define KEY_SHIFT 18
enum { KEY_BINS = (NAN_KEY >> KEY_SHIFT) + 1 };

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
    const u32 step[DIRECTIONS] = {1, (u32)width, (u32)width + 1, (u32)width - 1};
    *a = (place & 0x3fffffff) + (direction == UP_RIGHT);
    *b = *a + step[direction];
}

/* Every pixel becomes a region, and edges are counted by weight. Those of weight 0 come first of all, and regions always
   grow over them: they need no order. Not counted then. */
static void count_all(const PixelGraph *graph) {
    const i64 pixels = (i64)graph->height * graph->width;
    u32 *bins = graph->bins;
    for (i64 i = 0; i < pixels; i++) graph->nodes[i] = (Node){-1, {0}};
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

/* Which regions have no effect any more. Edges of one that has stopped growing have none; when small ones are joined,
   edges between two that are large have none. */
INLINE int is_closed(const PixelGraph *graph, const Node *root, int joining) {
    return joining ? -(i64)root->parent >= graph->min_size : root->u.inner < 0;
}

/* The root of each pixel, in one pass: every parent comes before its children. */
static void find_roots(const PixelGraph *graph, int joining) {
    const u32 pixels = (u32)(graph->height * graph->width);
    Node *nodes = graph->nodes;
    u32 *roots = graph->roots;
    for (u32 pixel = 0; pixel < pixels; pixel++) {
        const i32 parent = nodes[pixel].parent;
        if (parent < 0) {
            roots[pixel] = pixel | (is_closed(graph, nodes + pixel, joining) ? CLOSED : 0);
        } else {
            roots[pixel] = roots[parent];
            nodes[pixel].parent = (i32)(roots[parent] & ~CLOSED);
        }
    }
}

/* The open edges with keys in [low, low + span), in raster order; their number, or -1 where there is no room. */
static ptrdiff_t gather_edges(const PixelGraph *graph, u32 low, u32 span, int joining) {
    const Selection selection = {low, span, !joining};
    const ptrdiff_t width = graph->width;
    ptrdiff_t found = 0;
    for (ptrdiff_t y = 0; y < graph->height; y++) {
        const u32 *row = graph->roots + y * width, *below = row + width;
        const u32 *const a[DIRECTIONS] = {row, row, row, row + 1}, *const b[DIRECTIONS] = {row + 1, below, below + 1, below};
        ptrdiff_t counts[DIRECTIONS];
        row_keys(graph, y, counts);
        for (u32 direction = 0; direction < DIRECTIONS; direction++) {
            const u32 first = direction << 30 | (u32)(y * width);
            found += select_edges(graph->keys + direction * width, a[direction], b[direction], counts[direction],
                                  &selection, first, graph->edges + found);
            if (found > graph->room) return -1;
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

/* Edges whose regions are looked up together, before the first of them has an effect: a branch for each edge that is
   without effect would be mispredicted every other time. */
#define BLOCK 64

static void use_edges(const PixelGraph *graph, const Edge *edges, ptrdiff_t n, int joining) {
    Node *nodes = graph->nodes;
    for (ptrdiff_t i = 0; i < n; i += BLOCK) {
        u32 live[BLOCK][3];
        const ptrdiff_t end = n - i < BLOCK ? n : i + BLOCK;
        int count = 0;
        for (ptrdiff_t k = i; k < end; k++) {
            u32 a, b;
            ends_of(edges[k].place, graph->width, &a, &b);
            a = near_root(nodes, a);
            b = near_root(nodes, b);
            const int closed_a = is_closed(graph, nodes + a, joining), closed_b = is_closed(graph, nodes + b, joining);
            live[count][0] = a;
            live[count][1] = b;
            live[count][2] = edges[k].key;
            count += (a != b) & !(joining ? closed_a & closed_b : closed_a | closed_b);
        }
        for (int k = 0; k < count; k++) {
            u32 a = live[k][0], b = live[k][1];
            if (nodes[a].parent >= 0) a = root_of(nodes, a);
            if (nodes[b].parent >= 0) b = root_of(nodes, b);
            if (a == b) continue;
            const int closed_a = is_closed(graph, nodes + a, joining), closed_b = is_closed(graph, nodes + b, joining);
            if (joining ? closed_a & closed_b : closed_a | closed_b) continue;
            if (joining) join_roots(nodes, a, b);
            else grow_over(graph, live[k][2], a, b);
        }
    }
}

/* All edges in order, group by group. Once half of them are done, what is left may be few enough to be one group. */
static void run_edges(const PixelGraph *graph, i64 all, int joining) {
    i64 done = 0;
    for (int bin = 0; bin < KEY_BINS;) {
        const u32 low = (u32)bin << KEY_SHIFT;
        ptrdiff_t n = -1;
        find_roots(graph, joining);
        if (joining || 2 * done >= all) {
            n = gather_edges(graph, low, UINT32_MAX - low, joining);
            if (n >= 0) bin = KEY_BINS;
        }
        if (n < 0) {
            i64 count = graph->bins[bin++];
            while (bin < KEY_BINS && count + graph->bins[bin] <= graph->room) count += graph->bins[bin++];
            done += count;
            n = gather_edges(graph, low, ((u32)bin << KEY_SHIFT) - low, joining);
        }
        use_edges(graph, sort_edges(graph->edges, graph->spare, n), n, joining);
    }
}

/* What the arrays of edges hold beyond graph->room. */
INLINE ptrdiff_t edges_beyond(ptrdiff_t width) { return width + SELECT_SLACK; }

/* The first step; 0 without memory. */
static UNUSED int count_edges(PixelGraph *graph) {
    graph->keys = malloc(DIRECTIONS * (size_t)graph->width * sizeof(u32));
    if (!graph->keys) return 0;
    count_all(graph);
    free(graph->keys);
    return 1;
}

/* The second: labels of the regions, which are the memory of the roots until then. Gives their count, or -1 without memory. */
static UNUSED i32 grow_regions(PixelGraph *graph, i32 *labels) {
    i64 all = 0;
    graph->keys = malloc(DIRECTIONS * (size_t)graph->width * sizeof(u32));
    if (!graph->keys) return -1;
    graph->roots = (u32 *)labels;
    for (int bin = 0; bin < KEY_BINS; bin++) all += graph->bins[bin];
    if (graph->scale > 0) run_edges(graph, all, 0);
    if (graph->min_size > 1) run_edges(graph, all, 1);
    free(graph->keys);
    return number_regions(graph->nodes, (i64)graph->height * graph->width, labels);
}

#endif
