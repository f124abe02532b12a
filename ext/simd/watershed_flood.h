/* Flooding with queues of pixels, written once for cells of each width.

   A cell holds the label above the level, so that one access tells whether a pixel is dry and how high it lies; the frame and what
   the mask leaves out are all ones, which no label is.

   Pixels leave the queue by level, then by age. Each is entered once, by the first neighbour that is flooded, at its own level or
   at the level of the water where that stands higher; so no pixel is ever entered below the level in hand, and one sweep
   upwards over one first-in-first-out queue for each level takes them in that order. A level's queue is a piece of one array of as many
   slots as there are pixels, as long as the level has pixels. When the water reaches a level, its queue is moved to the front of the
   array: what is added from then on are pixels at most as high, which all had slots up to the end of this piece, so there is room. */

#define FLOOD_DRY (((FLOOD_CELL)1 << FLOOD_BITS) - 1) /* the largest cell without a label */
#define FLOOD_WALL ((FLOOD_CELL)-1)

static UNUSED void FLOOD(fill_frame)(const Volume *v, const FLOOD_LEVEL *levels, const Basins *b, FLOOD_CELL *cells) {
    const ptrdiff_t width = v->shape[2], rows = volume_rows(v);
    ptrdiff_t done = 0;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t start = framed_row(v, row), from = row * width;
        for (; done < start; done++) cells[done] = FLOOD_WALL;
        for (ptrdiff_t x = 0; x < width; x++)
            cells[start + x] = (FLOOD_CELL)(u32)b->markers[from + x] << FLOOD_BITS | levels[from + x];
        if (b->mask)
            for (ptrdiff_t x = 0; x < width; x++)
                cells[start + x] |= (FLOOD_CELL)0 - (FLOOD_CELL)(b->mask[from + x] == 0);
        done = start + width;
    }
    for (const ptrdiff_t size = framed_size(v); done < size; done++) cells[done] = FLOOD_WALL;
}

/* One step: the dry neighbours of a pixel get its label and enter the queue. */
#define FLOOD_NEIGHBOURS(count)                                              \
    for (ptrdiff_t k = 0; k < (count); k++) {                                \
        const u32 n = (u32)(p + near[k]);                                    \
        const FLOOD_CELL there = cells[n];                                   \
        if (there <= FLOOD_DRY) {                                            \
            const u32 own = (u32)there, at = own > level ? own : level;      \
            cells[n] = label | there;                                        \
            slots[ends[at]++] = n;                                           \
        }                                                                    \
    }

INLINE void FLOOD(flood_level)(
    FLOOD_CELL *restrict cells, u32 *restrict slots, u32 *restrict ends, u32 level, const ptrdiff_t *restrict near, ptrdiff_t count
) {
    for (u32 head = 0; head < ends[level]; head++) {
        const ptrdiff_t p = slots[head];
        const FLOOD_CELL label = cells[p] & ~FLOOD_DRY;
        if (head + FLOOD_AHEAD < ends[level]) {
            const FLOOD_CELL *soon = cells + slots[head + FLOOD_AHEAD];
            FLOOD_PREFETCH(soon + near[0]);
            FLOOD_PREFETCH(soon);
            FLOOD_PREFETCH(soon + near[count - 1]);
        }
        FLOOD_NEIGHBOURS(count)
    }
}

/* starts: how many pixels lie below each level. */
static UNUSED void FLOOD(flood_all)(
    const Volume *v, FLOOD_CELL *cells, const u32 *starts, u32 *ends, u32 levels, u32 *slots
) {
    for (u32 level = 0; level < levels; level++) {
        const u32 start = starts[level], waiting = ends[level] - start;
        if (!waiting) continue;
        memmove(slots, slots + start, waiting * sizeof *slots);
        ends[level] = waiting;
        if (v->count == 4) FLOOD(flood_level)(cells, slots, ends, level, v->near, 4);
        else if (v->count == 8) FLOOD(flood_level)(cells, slots, ends, level, v->near, 8);
        else if (v->count == 6) FLOOD(flood_level)(cells, slots, ends, level, v->near, 6);
        else FLOOD(flood_level)(cells, slots, ends, level, v->near, v->count);
    }
}

/* Markers that have something to flood enter first, in the order of memory: their age is 0. */
static UNUSED void FLOOD(enter_markers)(const Volume *v, const FLOOD_CELL *cells, u32 *ends, u32 *slots) {
    const ptrdiff_t rows = volume_rows(v);
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t start = framed_row(v, row);
        for (ptrdiff_t p = start; p < start + v->shape[2]; p++) {
            if (cells[p] <= FLOOD_DRY || cells[p] == FLOOD_WALL) continue;
            int open = 0;
            for (ptrdiff_t k = 0; k < v->count; k++) open |= cells[p + v->near[k]] <= FLOOD_DRY;
            if (open) slots[ends[cells[p] & FLOOD_DRY]++] = (u32)p;
        }
    }
}

static UNUSED void FLOOD(write_labels)(const Volume *v, const FLOOD_CELL *cells, const Basins *b) {
    const ptrdiff_t width = v->shape[2], rows = volume_rows(v);
    for (ptrdiff_t row = 0; row < rows; row++) {
        const FLOOD_CELL *from = cells + framed_row(v, row);
        i32 *to = b->labels + row * width;
        for (ptrdiff_t x = 0; x < width; x++)
            to[x] = (i32)(u32)(from[x] == FLOOD_WALL ? 0 : from[x] >> FLOOD_BITS);
    }
}

/* The framed volume has below 2^32 pixels, starts is of count_levels. 0 where memory is short. */
static UNUSED int FLOOD(watershed)(
    const Volume *v, const FLOOD_LEVEL *relief, const u32 *starts, u32 levels, const Basins *b
) {
    FLOOD_CELL *cells = malloc((size_t)framed_size(v) * sizeof *cells);
    u32 *slots = (u32 *)b->labels; /* written when no pixel waits any more */
    u32 *ends = malloc((size_t)levels * sizeof *ends);
    const int done = cells && ends;
    if (done) {
        memcpy(ends, starts, (size_t)levels * sizeof *ends);
        FLOOD(fill_frame)(v, relief, b, cells);
        FLOOD(enter_markers)(v, cells, ends, slots);
        FLOOD(flood_all)(v, cells, starts, ends, levels, slots);
        FLOOD(write_labels)(v, cells, b);
    }
    free(cells);
    free(ends);
    return done;
}

#undef FLOOD_CELL
#undef FLOOD_BITS
#undef FLOOD_LEVEL
#undef FLOOD
#undef FLOOD_DRY
#undef FLOOD_WALL
#undef FLOOD_NEIGHBOURS
