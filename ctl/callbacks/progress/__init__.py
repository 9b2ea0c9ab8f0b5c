"""Callbacks that show how far a fit is and how it learns: its curve, its metrics, signs of life."""
