"""What the monitoring tests look at: sample models, a gateway that is well with every strategy under way, and one that
has about everything wrong that can be wrong."""

import contextlib
import json
import pathlib
import random
import string
import threading
from http.client import HTTPConnection, HTTPException

from processes import Broken, Process, eventually

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parent.parent / "config/quickstart/digits.csv.gz"
MODELS = {
    "v1": ["--variant", "v1"],
    "v1b": ["--variant", "v1"],
    "v2": ["--variant", "v2"],
    "v2b": ["--variant", "v2", "--noise", "id,timestamp", "--seed", "2"],
    "noisy": ["--variant", "v1", "--noise", "id,timestamp"],
    "failing": ["--variant", "v3", "--error-rate", "60%"],
    "slow": ["--variant", "v2", "--latency", "150ms"],
}
IMAGE = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0, 0, 8, 8, 0,
         0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6, 13, 10, 0, 0, 0]


def inference(draw):
    """A digit with some ink moved, so that scores and labels are spread."""
    pixels = [min(16, max(0, ink + draw.randint(-4, 4))) for ink in IMAGE]
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 64], "data": pixels}
    return json.dumps({"id": str(draw.randint(0, 1 << 30)), "inputs": [tensor]})


class Gateway(Process):
    """A gateway that has said where it listens."""

    def __init__(self, folder, name, binary, policy):
        self.policy = pathlib.Path(folder) / f"{name}.yaml"
        self.policy.write_text(policy)
        super().__init__(folder, name, [binary, "serve", str(self.policy)])
        ports = {}
        for line in self.says("\nready\n").splitlines():
            words = line.split()
            if words[:1] == ["listening"]:
                ports[words[1]] = int(words[2].rpartition(":")[2])
        self.data, self.metrics, self.admin = ports["data"], ports["metrics"], ports["admin"]

    def status(self, route):
        """What the admin port says of a route."""
        connection = HTTPConnection("127.0.0.1", self.admin, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", f"/api/v1/routes/{route}")
            return json.loads(connection.getresponse().read())


class Load:
    """Threads that send to one route of one gateway until they are stopped, and report a click for some answers."""

    def __init__(self, gateway, route, threads=1, outcome=None, forged=False):
        self.answers = 0
        self._gateway, self._route, self._outcome, self._forged = gateway, route, outcome, forged
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _run(self, seed):
        draw = random.Random(seed)
        connection = HTTPConnection("127.0.0.1", self._gateway.data, timeout=10)
        with contextlib.closing(connection):
            # A breath between requests: seven routes at once, and a page that must still be scraped in time.
            while not self._stop.wait(0.01):
                try:
                    self._ask(connection, draw)
                except (OSError, HTTPException):
                    connection.close()  # what the client sees is not what is tested here

    def _ask(self, connection, draw):
        headers = {
            "content-type": "application/json",
            "x-route": self._route,
            "x-user-id": f"u{draw.randint(0, 5000)}",
            "x-device": draw.choice(["phone", "desk"]),
        }
        connection.request("POST", "/v2/models/digits/infer", inference(draw), headers)
        answer = connection.getresponse()
        answer.read()
        self.answers += 1
        token = answer.getheader("x-sluice-decision")
        if self._forged:
            token = "".join(draw.choices(string.ascii_letters, k=96))
        if self._outcome is None or token is None:
            return
        clicks = int(draw.random() < (0.6 if answer.getheader("x-sluice-version") == "v2" else 0.2))
        report = json.dumps({"decision": token, self._outcome: clicks})
        connection.request("POST", "/sluice/v1/outcomes", report, {"content-type": "application/json"})
        connection.getresponse().read()


def policy_text(name, addresses, folder):
    """One of the policies beside this file with addresses in place of the models' names."""
    text = (HERE / name).read_text()
    return string.Template(text).substitute(addresses, folder=folder)


@contextlib.contextmanager
def models(folder, binary):
    """All sample models; gives their addresses by name, and `nobody`, where nobody listens."""
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(Process(folder, f"model-{name}", [binary, "--port", "0", "--data", str(DIGITS), *options]))
            for name, options in MODELS.items()
        }
        addresses = {"nobody": "http://127.0.0.1:1"}
        for name, process in running.items():
            line = next(line for line in process.says("listening ").splitlines() if line.startswith("listening "))
            addresses[name] = "http://" + line.split()[1]
        yield addresses


def break_policy(gateway):
    """Its policy becomes one that it must refuse."""
    gateway.policy.write_text(gateway.policy.read_text().replace("strategy:", "stratgy:"))


__all__ = ["Broken", "Gateway", "Load", "break_policy", "eventually", "models", "policy_text"]
