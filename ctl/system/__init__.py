"""Files, console, signals, devices, checkpoints: what ctl asks of the machine."""
