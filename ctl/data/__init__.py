"""The way from files to batches: corpora, tags, subwords, soft labels."""
