"""A machine of its own for a page: a folder that looks like the checkout, and a network with nothing in it.

The page runs in namespaces of the kernel (user, network, mounts, processes), so that the ports that it names are free
whatever else runs, and nothing that it starts or writes outlives it.
"""

import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

MARK = "SLUICE_DOCS_INSIDE"
COPIED = ("config", "deploy")  # what a page may write to; the rest is linked


def enter():
    """Runs this program again inside of new namespaces; returns once it runs there."""
    if os.environ.get(MARK):
        return
    tool = shutil.which("unshare")
    if not tool:
        sys.exit("needs `unshare` of the package util-linux")
    command = [tool, "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*command, "true"], capture_output=True, timeout=30).returncode != 0:
        sys.exit("this kernel or container allows no namespaces; the commands of a page cannot be run without them "
                 f"(tried: {' '.join(command)} true)")
    sys.stdout.flush()
    os.execve(tool, [*command, sys.executable, *sys.argv], {**os.environ, MARK: "1"})


def open_network():
    """Loopback up, with 10.0.0.0/8 beside 127.0.0.0/8: the pages' examples live there."""
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def ask(name, request, payload):
        fcntl.ioctl(control, request, struct.pack("16s16s8x", name.encode(), payload))

    def address(dotted):
        return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(dotted))

    ask("lo", 0x8914, struct.pack("h14x", 0x1 | 0x40))  # SIOCSIFFLAGS: up and running
    ask("lo:1", 0x8916, address("10.0.0.1"))            # SIOCSIFADDR
    ask("lo:1", 0x891C, address("255.0.0.0"))           # SIOCSIFNETMASK


def make_folder(root, programs):
    """A folder like a checkout with a release build. The caller removes it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-docs-"))
    for entry in root.iterdir():
        if entry.name in COPIED:
            shutil.copytree(entry, folder / entry.name, symlinks=True)
        elif entry.name not in ("build", ".git"):
            (folder / entry.name).symlink_to(entry)
    for build in ("release", "dev"):
        (folder / "build" / build / "bin").mkdir(parents=True)
        for program in programs:
            (folder / "build" / build / "bin" / program.name).symlink_to(program)
    return folder


class Overlays:
    """Folders of the machine that a page may change without anybody noticing."""

    def __init__(self, folder):
        self.store = folder / ".overlays"
        self.changed = set()

    def change(self, path):
        if path in self.changed:
            return
        if not self.store.exists():
            self.store.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "docs", self.store], check=True)
        upper, work = self.store / f"{len(self.changed)}-upper", self.store / f"{len(self.changed)}-work"
        upper.mkdir()
        work.mkdir()
        subprocess.run(["mount", "-t", "overlay", "docs", "-o", f"lowerdir={path},upperdir={upper},workdir={work}", path], check=True)
        self.changed.add(path)

    def close(self):
        for path in [*self.changed, self.store]:
            subprocess.run(["umount", "--lazy", path], check=False, stderr=subprocess.DEVNULL)

    def add_host(self, names):
        self.change("/etc")
        with open("/etc/hosts", "a", encoding="utf-8") as hosts:
            hosts.write(f"127.0.0.1 {names}\n")

    def add_folder(self, path):
        """Makes a folder below one that the machine has already."""
        self.change("/" + "/".join(pathlib.Path(path).parts[1:3 if path.startswith("/var/") else 2]))
        os.makedirs(path, exist_ok=True)
