"""What was learned from data, as it is used in a call. It needs NumPy, and is loaded only where a policy asks for it."""
