"""From files to batches: corpora, tags, subwords, soft labels."""
