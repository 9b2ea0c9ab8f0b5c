"""Distributions of four words over the tags of PER and LOC, written by hand."""

import numpy as np

#        O    B-P  I-P  B-L  I-L
WORDS = np.array(
    [
        [0.20, 0.70, 0.10, 0.00, 0.00],  # a person: mass 0.8
        [0.30, 0.10, 0.60, 0.00, 0.00],  # ... which goes on: mass 0.7
        [0.60, 0.05, 0.05, 0.20, 0.10],  # O; a place with mass 0.3
        [0.40, 0.25, 0.35, 0.00, 0.00],  # O, though the mass of a person is 0.6
    ]
)  # fmt: skip
