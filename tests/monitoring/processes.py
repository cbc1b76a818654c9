"""Processes of a test: started on free ports, heard until they are ready, ended by their own number."""

import pathlib
import signal
import subprocess
import time


class Broken(Exception):
    """The world of the test does not come up, or not to where it should be."""


def eventually(what, holds, seconds=30.0):
    """Asks `holds` until it returns something true, and returns that; Broken with `what` when it never does."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Broken(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)  # between two looks; how often it looks decides nothing


class Process:
    """A program whose output goes to a file. Ends with the `with` block: SIGTERM, and SIGKILL after five seconds."""

    def __init__(self, folder, name, command):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    def says(self, text, seconds=20.0):
        """The whole output, once `text` is in it."""

        def look():
            if self._process.poll() is not None:
                raise Broken(f"{self.name} has ended with {self._process.returncode}:\n{self.output()}")
            output = self.output()
            return output if text in output else None

        try:
            return eventually(f"{self.name} says {text!r}", look, seconds)
        except Broken as error:
            raise Broken(f"{error}\n{self.output()}") from None

    def output(self):
        return self.log.read_text(errors="replace")

    def listening_port(self, seconds=20.0):
        """The port on which it listens, of a program that was told to take any and does not say which."""
        return eventually(f"{self.name} listens", self._find_port, seconds)

    def _find_port(self):
        if self._process.poll() is not None:
            raise Broken(f"{self.name} has ended with {self._process.returncode}:\n{self.output()}")
        sockets = set()
        for descriptor in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                sockets.add(str(descriptor.readlink()))
            except OSError:
                continue  # closed meanwhile
        for table in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                    return int(fields[1].rpartition(":")[2], 16)
        return None
