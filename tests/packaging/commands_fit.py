"""Commands of the pages that no test runs, for want of Docker and systemd: they fit each other, the image and the package.

  commands_fit.py ROOT

A block that builds an image runs that one, stops the container that it has started, opens ports that the image has, and mounts
what is there. Units, examples and file names are those that are installed. At the end mistakes are put into a page: each must be found.
"""

import pathlib
import re
import sys

import dockerfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "tests/docs"))
import commands  # noqa: E402
import markdown  # noqa: E402

PAGES = ("docs/packages.md", "docs/kubernetes.md", "docs/operations.md")
WITH_VALUE = {"-p", "-v", "-t", "-f", "-n", "-u", "--name", "--time", "--timeout"}
OF_A_CONTAINER = {"stop", "logs", "exec", "rm", "kill", "start", "restart", "inspect"}


def version():
    return re.search(r"project\(\S+[^)]*VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def ports_and_folders():
    """Of the image: what it says that it listens on, and the folders that are laid out for it."""
    ports = {port for one in dockerfile.parse((ROOT / "deploy/Dockerfile").read_text()) if one.word == "EXPOSE" for port in one.words()}
    laid_out = (ROOT / "deploy/image-root.sh").read_text()
    return ports, set(re.findall(r'"\$root(/[\w/]+)"', laid_out))


def parsed(words):
    """Options with their values, a list for each, and the other words."""
    options, others, rest = {}, [], list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            options.setdefault(word, []).append(rest.pop(0) if word in WITH_VALUE and rest else "")
        else:
            others.append(word)
    return options, others


def of_docker(lines):
    """Faults of the commands of Docker in one block."""
    ports, folders = ports_and_folders()
    built, named = set(), set()
    for verb, *words in lines:
        options, others = parsed(words)
        if verb == "build":
            built.update(options.get("-t", []))
            yield from (f"there is no {path}" for path in options.get("-f", []) if not (ROOT / path).is_file())
            yield from (f"{tag} is not version {version()}" for tag in built if not tag.endswith(":" + version()))
        elif verb == "run":
            named.update(options.get("--name", []))
            if not others or others[0] not in built:
                yield f"runs {others[:1]}, which the block does not build"
            yield from (f"the image does not listen on {pair}" for pair in options.get("-p", []) if pair.rpartition(":")[2] not in ports)
            yield from (f"the image has no folder for {mount}" for mount in options.get("-v", []) if mount.split(":")[1] not in folders)
        elif verb == "push" and others[0] not in built:
            yield f"pushes {others[0]}, which the block does not build"
        elif verb in OF_A_CONTAINER and others[0] not in named:
            yield f"docker {verb} {others[0]}: no container of the block has this name"


def of_the_package(words):
    """Faults of one other command: names of the unit, of what is installed, of the package's file."""
    if "systemctl" in words or "journalctl" in words:
        named = parsed(words[words.index("systemctl") + 2:])[1] if "systemctl" in words else parsed(words)[0].get("-u", [])
        yield from (f"there is no unit {name}" for name in named if not (ROOT / f"deploy/{name}.service").is_file())
    for word in words:
        example = re.fullmatch(r"/usr/share/doc/sluice/examples/(.*)", word)
        if example and not (ROOT / "config" / example[1]).is_file():
            yield f"no example is installed as {word}"
        if re.search(r"\.deb$", word) and f"/sluice_{version()}_" not in word:
            yield f"{word} is not version {version()}"


def faults_of(text):
    for block in markdown.read_page(text)[0]:
        if not isinstance(block, markdown.Block) or block.language != "sh":
            continue
        simple = [[word for word in words if word != "sudo"] for words in commands.simple_commands(block.text)]
        yield from of_docker([words[1:] for words in simple if words[0] == "docker"])
        for words in simple:
            yield from of_the_package(words)


MISTAKES = {
    "a container without its name": ("docs/packages.md", "--name sluice ", ""),
    "another container": ("docs/packages.md", "docker stop -t 45 sluice", "docker stop -t 45 gateway"),
    "another image": ("docs/packages.md", "-t sluice:", "-t gateway:"),
    "another version": ("docs/kubernetes.md", "ml/sluice:", "ml/sluice:0."),
    "a port that is not there": ("docs/packages.md", "9464:9464", "9464:9465"),
    "a folder that is not there": ("docs/packages.md", ":/etc/sluice/policy:ro", ":/etc/sluice:ro"),
    "another unit": ("docs/packages.md", "systemctl stop sluice", "systemctl stop gateway"),
    "another unit's log": ("docs/packages.md", "journalctl -u sluice", "journalctl -u gateway"),
    "an example that is not there": ("docs/packages.md", "examples/canary.yaml", "examples/canaries.yaml"),
    "an old package": ("docs/packages.md", "/sluice_", "/sluice_0."),
}


def main():
    pages = {name: (ROOT / name).read_text() for name in PAGES}
    wrong = [f"{name}: {fault}" for name, text in pages.items() for fault in faults_of(text)]
    for what, (name, right, mistaken) in MISTAKES.items():
        if right not in pages[name]:
            wrong.append(f"{name} has no {right}, so the test cannot make of it: {what}")
        elif not list(faults_of(pages[name].replace(right, mistaken))):
            wrong.append(f"nobody notices: {what}")
    print("\n".join(wrong) or "commands of Docker, systemd and the package fit what is built and installed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
