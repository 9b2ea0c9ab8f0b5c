"""Results as a page: tables, figures and sentences. It stands on records alone and needs no PyTorch."""
