"""Reading text: where a split is, CoNLL files, datasets of the Hub, and a cache of what was read."""
