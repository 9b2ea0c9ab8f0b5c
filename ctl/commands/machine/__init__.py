"""Commands about this machine: what there is to compute with, completion in a shell."""
