"""Pre-trained models: loading, adapters inside them, and which words a word attends to."""
