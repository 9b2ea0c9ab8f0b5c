"""Models that a method is compared with: the mean of the teachers' weights, and an upper bound."""
