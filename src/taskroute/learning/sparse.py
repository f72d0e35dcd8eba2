"""A large table of which most is 0, for training: the one place where SciPy is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Sparse:
    """Has `size` rows and `width` columns. Entries of the same place add up."""

    def __init__(self, rows: NDArray[np.intp], columns: NDArray[np.intp], values: Floats, *, size: int, width: int) -> None:
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped,unused-ignore]  # SciPy has no types of its own

        self._matrix: Any = csr_matrix((values, (rows, columns)), shape=(size, width))
        self.size = size
        self.width = width

    def columns(self, kept: NDArray[np.intp]) -> Sparse:
        """Return a table of these columns alone."""
        part = self._matrix[:, kept].tocoo()
        return Sparse(part.row, part.col, part.data, size=self.size, width=len(kept))

    def times(self, other: Floats) -> Floats:
        """Return the product with an array of `width` rows."""
        return np.asarray(self._matrix @ other, dtype=np.float32)

    def turned_times(self, other: Floats) -> Floats:
        """Return the product of its transpose with an array of `size` rows."""
        return np.asarray(self._matrix.T @ other, dtype=np.float32)
