"""Connected components of masks: their labels, and what is known of each."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

include "level.pxi"

cdef extern from "simd/components.h" nogil:
    ctypedef struct Lines "Components":
        uint64_t *bits
        uint64_t *joined
        uint32_t *ranks
        const int64_t *first
        uint32_t *parents
        Py_ssize_t lines
        Py_ssize_t words
        Py_ssize_t width
        int paired
        int near_diagonal
        int across_diagonal
    int64_t scan_line(const Lines *, const uint8_t *, Py_ssize_t, int, Py_ssize_t)
    void link_lines(const Lines *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void paint_line(const Lines *, Py_ssize_t, int32_t *, int32_t *)

cdef extern from "simd/components_number.h" nogil:
    int64_t number_runs(const Lines *, Py_ssize_t)

cdef extern from "simd/components_statistics.h" nogil:
    ctypedef struct Region:
        int64_t area
        int64_t[3] low
        int64_t[3] high
    void count_line(const Lines *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, Region *)


cdef class Components:
    """The runs of a mask of `depth` slices, in steps: scan, link, number, then paint and count."""

    cdef Lines c
    cdef object held
    cdef readonly Py_ssize_t all_lines
    cdef Py_ssize_t height

    def __init__(
        self, Py_ssize_t depth, Py_ssize_t height, Py_ssize_t width, bint paired, bint near_diagonal,
        int across_diagonal, uint64_t[::1] bits, uint64_t[::1] joined, uint32_t[::1] ranks,
    ):
        # bits: a word for 64 pixels of each row, an even number of rows to a slice where `paired`; joined and ranks: a
        # word for those of each line. Where not paired, joined is bits.
        self.c.lines = (height + 1) // 2 if paired else height
        self.c.words = (width + 63) // 64
        self.c.width = width
        self.c.paired, self.c.near_diagonal, self.c.across_diagonal = paired, near_diagonal, across_diagonal
        self.height = height
        self.all_lines = depth * self.c.lines
        self.c.bits, self.c.joined, self.c.ranks = &bits[0], &joined[0], &ranks[0]
        self.held = [bits, joined, ranks]

    cdef int rows(self, Py_ssize_t line) noexcept nogil:
        return 2 if self.c.paired and 2 * (line % self.c.lines) + 1 < self.height else 1

    cdef Py_ssize_t row(self, Py_ssize_t line) noexcept nogil:
        """The first row of a line, among those of all slices."""
        return line // self.c.lines * self.height + line % self.c.lines * (2 if self.c.paired else 1)

    def scan(self, const uint8_t[:, :] mask, int64_t[::1] runs, Py_ssize_t l0, Py_ssize_t l1):
        """Look at lines [l0, l1) of the rows of all slices; runs: how many each has."""
        cdef Py_ssize_t line
        with nogil:
            for line in range(l0, l1):
                runs[line] = scan_line(
                    &self.c, &mask[self.row(line), 0], mask.strides[0], self.rows(line) == 2, line
                )

    def start(self, const int64_t[::1] first, uint32_t[::1] parents):
        """first: how many runs lie before each line, and in all; parents: room for one number a run."""
        self.c.first = &first[0]
        self.c.parents = &parents[0] if parents.shape[0] else NULL
        self.held += [first, parents]

    def link(self, Py_ssize_t l0, Py_ssize_t l1):
        """Runs of lines [l0, l1) among each other."""
        cdef int64_t run
        with nogil:
            for run in range(self.c.first[l0], self.c.first[l1]):
                self.c.parents[run] = <uint32_t>run
            link_lines(&self.c, l0, l1, l0, l1)

    def join(self, Py_ssize_t line):
        """Runs of lines linked before and from `line` on."""
        cdef Py_ssize_t end = min(line + self.c.lines, self.all_lines)
        with nogil:
            link_lines(&self.c, line, end, 0, line)

    def number(self):
        """Number the components, once all runs are linked; how many there are."""
        cdef int64_t count
        with nogil:
            count = number_runs(&self.c, self.all_lines)
        return count

    def paint(self, int32_t[:, ::1] out, Py_ssize_t l0, Py_ssize_t l1):
        """Labels of lines [l0, l1)."""
        cdef Py_ssize_t line, y
        with nogil:
            for line in range(l0, l1):
                y = self.row(line)
                paint_line(&self.c, line, &out[y, 0], &out[y + 1, 0] if self.rows(line) == 2 else NULL)

    def count(self, int64_t[:, ::1] regions):
        """regions: for each label area, sums of x, y, z, lowest x, y, z, and highest + 1; what is counted is added."""
        cdef Py_ssize_t line, y
        cdef Region *all_regions = <Region *>&regions[0, 0]
        with nogil:
            for line in range(self.all_lines):
                y = self.row(line)
                count_line(
                    &self.c, line, y % self.height, y // self.height, self.rows(line), all_regions
                )
