"""Replays deploy/Dockerfile in a chroot, instruction by instruction, and runs the image that comes of it.

  replay.py ROOT BASE PROGRAM SCRATCH

ROOT: the repository, the context of the build. BASE: a small Debian, what `FROM debian:…` stands for. PROGRAM: what the
one instruction that compiles for many minutes would make; its place is taken by a copy of this. Every other RUN runs.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import dockerfile
import live

COMPILES = "cmake --build --preset release --target sluice"
MADE = "build/release/bin/sluice"
INSIDE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
          "DEBIAN_FRONTEND": "noninteractive"}


class Stage:
    """A tree that instructions work on, and what they have set."""

    def __init__(self, root):
        self.root, self.folder, self.user = root, "/", "0:0"
        self.environment, self.entrypoint, self.command, self.ports = {}, [], [], []

    def path(self, inside):
        return self.root / os.path.join(self.folder, inside).lstrip("/")


class Replay:
    def __init__(self, context, base, program, scratch):
        self.context, self.base, self.program, self.scratch = context, base, program, scratch
        self.stages, self.compiled = {}, False
        self.stage = None

    def run(self, instruction):
        begin = time.monotonic()
        getattr(self, "do_" + instruction.word.lower())(instruction)
        print(f"{instruction}  [{time.monotonic() - begin:.1f} s]", flush=True)

    def do_from(self, instruction):
        words = instruction.words()
        name = words[2] if len(words) == 3 else str(len(self.stages))
        root = self.scratch / f"stage-{name}"
        if words[0] == "scratch":
            root.mkdir()
        elif words[0].startswith("debian:12"):
            subprocess.run(["cp", "-a", "--reflink=auto", self.base, root], check=True)
        else:
            raise SystemExit(f"replay.py: no tree stands for {words[0]}")
        self.stage = self.stages[name] = Stage(root)

    def do_workdir(self, instruction):
        self.stage.folder = os.path.join(self.stage.folder, instruction.rest)
        self.stage.path(".").mkdir(parents=True, exist_ok=True)

    def do_copy(self, instruction):
        *sources, target = instruction.words()
        source_stage = instruction.option("from")
        for source in sources:
            if source_stage:
                self.copy(self.stages[source_stage].path(source), target)
            elif source == ".":
                self.copy_context(target)
            else:
                self.copy(self.context / source, target)

    def copy(self, source, target):
        """A folder's content into the target, a file to it."""
        to = self.stage.path(target)
        if not source.exists():
            raise SystemExit(f"replay.py: COPY of {source}, which is not there")
        to.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{source}/." if source.is_dir() else source, to], check=True)

    def copy_context(self, target):
        """The repository's folder less .dockerignore. `NAME` is one at the top, `**/NAME` one anywhere."""
        left_out = []
        for pattern in (self.context / ".dockerignore").read_text().split():
            anywhere = pattern.startswith("**/")
            left_out += ["--no-anchored" if anywhere else "--anchored",
                         "--exclude=" + (pattern.removeprefix("**/") if anywhere else "./" + pattern)]
        to = self.stage.path(target)
        to.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen(["tar", "-C", self.context, *left_out, "-cf", "-", "."], stdout=subprocess.PIPE) as archive:
            subprocess.run(["tar", "-C", to, "-xf", "-"], stdin=archive.stdout, check=True)
        for ignored in (".git", "build"):
            live.expect(f"{ignored} is left out", (to / ignored).exists(), False)

    def do_run(self, instruction):
        if instruction.rest == COMPILES:
            made = self.stage.path(MADE)
            made.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.program, made)
            self.compiled = True
            return
        shell = ["chroot", self.stage.root, "/bin/sh", "-c", f"cd {self.stage.folder} && {instruction.rest}"]
        log = self.scratch / f"run-{instruction.line}.log"
        with log.open("w") as output:
            done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                                   'mount -t proc proc "$1/proc" && shift && exec "$@"', "sh", self.stage.root, *shell],
                                  stdout=output, stderr=subprocess.STDOUT, env={**INSIDE, **self.stage.environment})
        if done.returncode != 0:
            print("\n".join(log.read_text().splitlines()[-30:]))
            raise SystemExit(f"replay.py: {instruction}: exit code {done.returncode}")

    def do_env(self, instruction):
        self.stage.environment.update(dockerfile.variables(instruction.rest))

    def do_user(self, instruction):
        self.stage.user = instruction.rest

    def do_expose(self, instruction):
        self.stage.ports += [int(port) for port in instruction.words()]

    def do_stopsignal(self, instruction):
        live.expect("the signal of the end", instruction.rest, "SIGTERM")

    def do_entrypoint(self, instruction):
        self.stage.entrypoint = instruction.words()

    def do_cmd(self, instruction):
        self.stage.command = instruction.words()


def look_at(stage):
    """One program, no shell, no root, nothing that may be run as another user, nothing that others may write."""
    files = [path for path in stage.root.rglob("*") if path.is_file() and not path.is_symlink()]
    programs = [path for path in files if "bin" in path.parent.name]
    live.expect("programs", [str(path.relative_to(stage.root)) for path in programs], ["usr/bin/sluice"])
    live.expect("files with special rights", [str(path) for path in files if path.stat().st_mode & 0o6002], [])
    live.expect("who runs it", stage.user, "65532:65532")
    live.expect("ports", stage.ports, [8080, 9464])
    owner = os.stat(stage.root / "var/lib/sluice")
    live.expect("who owns the state", f"{owner.st_uid}:{owner.st_gid}", stage.user)
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} files, {size / 2**20:.1f} MiB")
    notices = [path for path in files if path.name == "copyright"]
    libraries = [path for path in files if ".so" in path.name]
    live.expect("libraries are there, with their licences", len(libraries) > 5 and len(notices) > 5, True)


def main():
    context, base, program, scratch = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    replay = Replay(context, base, program, scratch)
    for instruction in dockerfile.parse((context / "deploy/Dockerfile").read_text()):
        replay.run(instruction)
    live.expect("one instruction compiles", replay.compiled, True)
    image = replay.stage
    look_at(image)
    shutil.copy(context / "deploy/kubernetes/base/policy/gateway.yaml", image.root / "etc/sluice/policy")
    environment = [f"{name}={value}" for name, value in image.environment.items()]
    here = pathlib.Path(__file__).parent
    done = subprocess.run([sys.executable, "-B", here / "live.py", image.root, image.user, *environment, "--",
                           *image.entrypoint, *image.command])
    shutil.rmtree(scratch)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
