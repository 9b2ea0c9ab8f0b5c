"""The commands of ``ctl``: options and ``main(args)``, one file a command."""
