"""A shell session that lasts for a page: commands go in one by one, each with its status and what it printed."""

import os
import re
import select
import shlex
import signal
import subprocess
import time

MARK = "\x1e--- end of command "


def is_whole(command):
    """Whether bash waits for no further line: no open quote, loop, here-document or backslash."""
    if command.endswith("\\"):
        return False
    check = subprocess.run(["bash", "-n"], input=command + "\n", capture_output=True, text=True, timeout=10)
    return "unexpected end of file" not in check.stderr and "unexpected EOF" not in check.stderr \
        and "delimited by end-of-file" not in check.stderr


def split_commands(text):
    """The commands of a block as (line from 0, command)."""
    commands, collected, begin = [], [], 0
    for number, line in enumerate(text.splitlines()):
        if not collected and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begin = begin if collected else number
        collected.append(line)
        if is_whole("\n".join(collected)):
            commands.append((begin, "\n".join(collected)))
            collected = []
    if collected:
        commands.append((begin, "\n".join(collected)))
    return commands


def without_comment(command):
    """A single command in one line; nothing of loops and the like, which end as they say."""
    plain = re.sub(r"\s#\s.*$", "", command.replace("\\\n", " "), flags=re.M).strip()
    return "" if "\n" in plain else plain


def stays_until(command):
    """What a command says once it is up that a reader leaves running, or None when it ends by itself."""
    plain = without_comment(command)
    if plain.endswith("&"):
        return None
    if re.search(r"\bsluice serve\b", plain):
        return r"^ready$"
    if re.search(r"\bsluice-sample-model\b", plain) and not re.search(r" ask\b| --help\b", plain):
        return r"^listening "
    return None


def is_watched(command):
    """Whether a reader looks at what comes, and ends it."""
    plain = without_comment(command)
    if plain.endswith("&") or re.search(r"\s(-n|--times)[ =]\d", plain) and "journal" not in plain:
        return False
    return bool(re.search(r"\bsluice status\b.*--watch\b|\bsluice journal\b.*(--follow\b| -f\b)|\bcurl\b.* -\w*N\b|\btail\b.* -f\b", plain)
                and "--times" not in plain)


def as_on_a_terminal(command):
    """What draws on a screen gets one, large enough for all of it; everything else runs as it stands."""
    plain = without_comment(command)
    if not re.match(r"(\S*/)?sluice status\b[^|>]*--watch\b[^|>]*$", plain):
        return command
    return f"script --quiet --return --command {shlex.quote('stty rows 200 columns 250; ' + plain)} /dev/null"


def without_escapes(output):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", output)


def descendants(pid):
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                children.setdefault(int(stat.read().rpartition(")")[2].split()[1]), []).append(int(entry))
        except OSError:
            continue  # it has just ended
    found, queue = [], [pid]
    while queue:
        queue += children.get(queue[0], [])
        found.append(queue.pop(0))
    return found


class Failed(Exception):
    """A command that did not do what the page says."""


class Session:
    def __init__(self, folder, path, library):
        environment = {"PATH": path, "HOME": folder, "LANG": "C.UTF-8", "TMPDIR": folder, "TERM": "dumb", "NO_COLOR": "1"}
        self.folder = folder
        self.shell = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, cwd=folder, env=environment)
        self.kept = []     # (process, file of its output, command) of what a reader leaves running
        self.unread = b""
        self.run(f". {library}")

    def run(self, command, seconds=60):
        """Status and output."""
        try:
            self.shell.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{MARK}%d\\n' $?\n".encode())
            self.shell.stdin.flush()
        except BrokenPipeError:
            raise Failed("cannot run any more: the shell has ended") from None
        end = time.monotonic() + seconds
        while not (match := re.search(rb"\n?" + MARK.encode() + rb"(\d+)\n", self.unread)):
            if not select.select([self.shell.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed(f"has not ended after {seconds} s; it printed:\n{self.unread.decode(errors='replace')}")
            read = os.read(self.shell.stdout.fileno(), 65536)
            if not read:
                self.shell.wait()
                raise Failed(f"ended the whole shell; it printed:\n{self.unread.decode(errors='replace')}")
            self.unread += read
        output, self.unread = self.unread[:match.start()], self.unread[match.end():]
        return int(match.group(1)), output.decode(errors="replace")

    def start(self, command, said, seconds=30):
        """Starts what does not end by itself and waits until it has printed the pattern. Process and output so far."""
        file = f"{self.folder}/.output-{time.monotonic_ns()}"
        open(file, "w", encoding="utf-8").close()
        _, output = self.run(f"( {command}\n) >{file} 2>&1 </dev/null &\necho pid=$!")
        pid = int(re.search(r"pid=(\d+)", output).group(1))
        end = time.monotonic() + seconds
        while True:
            with open(file, encoding="utf-8", errors="replace") as printed:
                output = printed.read()
            if re.search(said, output, re.M):
                return pid, file, output
            if self.run(f"kill -0 {pid} 2>/dev/null")[0] != 0:
                raise Failed(f"ended at once; it printed:\n{output}")
            if time.monotonic() > end:
                raise Failed(f"has not printed /{said}/ after {seconds} s, only:\n{output}")
            time.sleep(0.02)

    def keep(self, command, said, seconds=30):
        pid, file, output = self.start(command, said, seconds)
        self.kept.append((pid, file, command))
        return output

    def watch(self, command):
        """Lets it run until it has shown a line."""
        pid, _, output = self.start(command, r"\S.*\n")
        self.end(pid)
        return output

    def end(self, pid, how=signal.SIGTERM):
        for process in descendants(pid):
            try:
                os.kill(process, how)
            except ProcessLookupError:
                pass
        self.run(f"wait {pid}", 30)

    def end_all(self):
        """Ends what is kept running, without the time that a gateway gives its clients."""
        while self.kept:
            self.end(self.kept.pop()[0], signal.SIGKILL)
        self.run("kill -KILL $(jobs -p) 2>/dev/null; wait", 30)

    def logs(self):
        """The last lines of what is kept running, for the report of a failure."""
        for _, file, command in self.kept:
            with open(file, encoding="utf-8", errors="replace") as printed:
                yield f"--- {command}\n" + "".join(printed.readlines()[-8:])

    def close(self):
        self.shell.kill()
        self.shell.wait()
