"""Callbacks that show how far a fit is and how it learns, and fits that taught a model next to nothing."""
