"""``ctl`` in processes of their own, copies of one that has imported it: a new one takes ten seconds for that."""

import multiprocessing
import os
import signal
import sys

from ctl.main import main

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["ctl.cli", "ctl.commands.transfer", "ctl.commands.study", "ctl.tagging.text_tagger"])


class Command:
    """``ctl`` with these arguments, and pipes for its streams, as `subprocess.Popen` runs it.

    Args:
        arguments: the command line.
        environment: what is added to that of this process.
    """

    def __init__(self, *arguments, environment=None):
        pipes = [SERVER.Pipe(duplex=False) for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        settings = {**os.environ, **(environment or {})}
        self.process = SERVER.Process(target=_run, args=(list(map(str, arguments)), settings, os.getcwd(), theirs))
        self.process.start()
        for end in theirs:
            end.close()
        ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(os.dup(end.fileno()), mode) for end, mode in zip(ours, "wrr", strict=True)
        )
        for end in ours:
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()  # or a test that fails would wait for ever
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        self.wait()

    def send_signal(self, number):
        os.kill(self.process.pid, number)

    def poll(self):
        return self.process.exitcode

    def wait(self, seconds=60):
        self.process.join(seconds)
        return self.process.exitcode

    @property
    def returncode(self):
        return self.process.exitcode


def _run(arguments, environment, folder, streams):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    os.chdir(folder)
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.argv = os.fdopen(0, closefd=False), ["ctl", *arguments]
    sys.exit(main(arguments))
