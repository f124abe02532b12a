"""What is wrong with boxes, found in one pass."""

ctypedef fused real_t:
    float
    double


def first_wrong(const real_t[:, ::1] boxes, bint ordered):
    """The first row that is not finite or, where ordered, has x1 > x2 or y1 > y2; -1 where there is none."""
    cdef Py_ssize_t i, j, rows = boxes.shape[0], columns = boxes.shape[1]
    cdef const real_t *row
    cdef real_t zero
    cdef int right
    cdef Py_ssize_t found = -1
    if rows == 0 or columns == 0:
        return -1
    row = &boxes[0, 0]
    with nogil:
        for i in range(rows):
            zero = 0
            for j in range(columns):
                zero += row[j] * 0  # NaN where the number is not finite
            right = zero == 0
            if ordered:
                right &= (row[0] <= row[2]) & (row[1] <= row[3])
            if not right:
                found = i
                break
            row += columns
    return found
