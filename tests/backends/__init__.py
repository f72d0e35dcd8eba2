"""Calls sent to real trace backends over OTLP, and read back from them."""
