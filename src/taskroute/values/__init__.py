"""Frozen values by what they are of; they are had from `taskroute.types`, and depend on nothing."""
