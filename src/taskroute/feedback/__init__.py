"""Scores of answers: remembered decisions, what users say of them, and the store that keeps both until training reads them."""
