"""A ranking of languages to learn from, by raw text before any training."""
