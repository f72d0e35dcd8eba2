"""Learning from scores: reading data, training, and telling what it brings. It needs NumPy and SciPy, and no call loads it."""
