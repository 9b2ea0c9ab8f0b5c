"""Review chooses the sentences of a target that people should look at first, and writes them for annotation tools."""
