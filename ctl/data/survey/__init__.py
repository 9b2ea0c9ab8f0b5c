"""A survey of a tree of text and labels before any training: what there is, how it is read, what is wrong with it."""
