"""Command lines and configurations: words as words, class paths of before, and errors in one line."""
