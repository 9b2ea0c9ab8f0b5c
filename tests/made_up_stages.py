"""Stages that train nothing, and write down when they were run."""

import os
import signal
from pathlib import Path


class MadeUp:
    """A stage of so much work, after others; `ran` is a list of the titles of what has ended."""

    def __init__(
        self, title, ran, after=(), work=1.0, command="fit", folder=None, error=None, size=0, module="Student"
    ):
        self.title, self.ran, self.after, self.work, self.command = title, ran, tuple(after), work, command
        self.folder, self.error, self._size = Path(folder or title), error, size
        self.name, self.key, self.sentences = (self.folder, command), title, 0
        data = {"sources": ["en"], "backbone": "b"}
        self.config = {"seed_everything": 0, "model": {"class_path": module, "init_args": {}}, "data": data}
        self.outputs = ("checkpoints/last.ckpt" if command == "fit" else "soft_labels/train/manifest.json",)

    def done(self):
        return self.title in self.ran

    def seconds(self):
        return 2.0 * self.work

    def size(self):
        return self._size

    def run(self):
        if self.error:
            raise self.error
        self.ran.append(self.title)


class Elsewhere(MadeUp):
    """A stage that names its process in its folder, or kills it."""

    def done(self):
        return self.folder.exists()

    def run(self):
        if self.error:
            os.kill(os.getpid(), signal.SIGKILL)
        self.folder.mkdir()
        (self.folder / str(os.getpid())).touch()

    @property
    def process(self):
        (file,) = self.folder.iterdir()
        return int(file.name)


def diamond(ran):
    """A teacher, two that read it, and a test that reads both; one of the two is slow."""
    teacher = MadeUp("teacher", ran, work=10)
    quick, slow = MadeUp("quick", ran, [teacher], 1), MadeUp("slow", ran, [teacher], 5)
    return teacher, quick, slow, MadeUp("test", ran, [quick, slow], 2, "test")
