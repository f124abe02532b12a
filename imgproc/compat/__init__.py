"""Faces of our functions in the shape of other libraries, for code that was written against those."""
