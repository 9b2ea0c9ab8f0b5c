"""Soft labels as data frames and as one page."""
