"""How well each model does, task by task, as far as scores tell it. Pure: no I/O, no NumPy."""
