"""Runs the gateway of a file tree as its users would, asks it, drains it and ends it.

  live.py ROOT USER:GROUP [NAME=VALUE...] -- COMMAND...

ROOT is read only but for /var/lib/sluice, as it is in a pod and under systemd's ProtectSystem=strict. Everything happens
in namespaces of its own (mounts, network, processes), so the ports are the documented ones and nothing is left behind.
The gateway's policy is what ROOT has in /etc/sluice/policy.
"""

import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request

PATIENCE = 30  # seconds that anything here may take on a busy machine
NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]


def bring_loopback_up():
    """What `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(asker, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(asker, 0x8914, struct.pack("16sh", b"lo", flags | 1))      # SIOCSIFFLAGS, IFF_UP


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def make_read_only(root):
    """All but the state's directory; /proc as every runtime gives it."""
    state = root / "var/lib/sluice"
    (root / "proc").mkdir(exist_ok=True)
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("--bind", state, state)
    mount("-o", "remount,bind,ro", root)
    mount("-t", "proc", "proc", root / "proc")


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def expect(what, seen, wished):
    print(f"{what}: {seen}")
    if seen != wished:
        raise SystemExit(f"live.py: {what}: {seen!r}, not {wished!r}")


class Manager:
    """What systemd is to a service of Type=notify: a socket in the state's directory, which alone can be reached."""

    def __init__(self, root):
        self.path = "/var/lib/sluice/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind(str(root) + self.path)
        os.chmod(str(root) + self.path, 0o777)

    def heard(self):
        return self.socket.recv(4096).decode()


def follow_to_ready(gateway):
    lines = []
    for line in gateway.stdout:
        lines.append(line.strip())
        if line == "ready\n":
            print("; ".join(lines))
            return
    raise SystemExit(f"live.py: the gateway ended with {gateway.wait()} instead of serving: {lines}")


def live(root, user, environment, command):
    bring_loopback_up()
    make_read_only(root)
    manager = Manager(root)
    inside = ["/usr/sbin/chroot", f"--userspec={user}", "--groups=", root]
    variables = {**environment, "NOTIFY_SOCKET": manager.path}
    gateway = subprocess.Popen(inside + command, stdout=subprocess.PIPE, text=True, env=variables)
    follow_to_ready(gateway)
    expect("systemd hears", manager.heard(), "READY=1\nSTATUS=serving")
    owner = os.stat(root / f"proc/{gateway.pid}").st_uid
    expect("runs as root", owner == 0, False)
    expect("/livez", ask("http://127.0.0.1:9464/livez")[0], 200)
    expect("/readyz", ask("http://127.0.0.1:9464/readyz")[0], 200)
    expect("metrics are there", "sluice_build_info" in ask("http://127.0.0.1:9464/metrics")[1], True)
    expect("a path without a route", ask("http://127.0.0.1:8080/nowhere")[0], 404)
    expect("the state is kept", (root / "var/lib/sluice/sluice.db").exists(), True)
    program = command[:1]
    shown = subprocess.run(inside + program + ["status"], capture_output=True, text=True, env=environment, timeout=PATIENCE)
    expect("sluice status", (shown.returncode, shown.stderr), (0, ""))
    hook = program + ["drain", "--wait", "--if-running", "--timeout", f"{PATIENCE}s"]
    expect("sluice drain --wait", subprocess.run(inside + hook, env=environment, timeout=2 * PATIENCE).returncode, 0)
    expect("/readyz when drained", ask("http://127.0.0.1:9464/readyz")[0], 503)
    expect("/livez when drained", ask("http://127.0.0.1:9464/livez")[0], 200)
    gateway.send_signal(signal.SIGTERM)
    expect("the end", gateway.wait(timeout=PATIENCE), 0)
    expect("systemd hears of it", manager.heard().startswith("STOPPING=1\n"), True)
    print("live: all as it should be")


def main():
    if os.environ.get("SLUICE_LIVE") != "inside":
        os.environ["SLUICE_LIVE"] = "inside"
        os.execvp(NAMESPACES[0], NAMESPACES + [sys.executable, "-B", *sys.argv])
    split = sys.argv.index("--")
    root, user, *variables = sys.argv[1:split]
    live(pathlib.Path(root).resolve(), user, dict(one.split("=", 1) for one in variables), sys.argv[split + 1:])


if __name__ == "__main__":
    main()
