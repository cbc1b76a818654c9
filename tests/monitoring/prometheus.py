"""A real Prometheus that scrapes the gateways of a test and evaluates our rules every second."""

import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request

from processes import Process, eventually

RULES = pathlib.Path(__file__).resolve().parents[2] / "deploy/prometheus/rules.yaml"


class Prometheus(Process):
    """`jobs` are names with the addresses to scrape."""

    def __init__(self, folder, jobs):
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [
                # With labels that a cluster's discovery adds: sides of an expression must match with them too.
                {
                    "job_name": name,
                    "static_configs": [{"targets": [address], "labels": {"namespace": "models", "pod": f"{name}-0"}}],
                }
                for name, address in jobs.items()
            ],
        }
        path = pathlib.Path(folder) / "prometheus.json"  # JSON is YAML
        path.write_text(json.dumps(config))
        command = [
            "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={folder}/prometheus",
            "--web.listen-address=127.0.0.1:0",
            "--log.level=warn",
        ]
        super().__init__(folder, "prometheus", command)
        self._port = self.listening_port()
        eventually("prometheus is ready", self._is_ready)

    def query(self, expression):
        """The series of an instant query."""
        return self._get("query", query=expression)["result"]

    def query_range(self, expression, start, end, step):
        return self._get("query_range", query=expression, start=start, end=end, step=step)["result"]

    def label_values(self, label, selector):
        return self._get(f"label/{label}/values", **{"match[]": selector})

    def rules(self):
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what, **parameters):
        """ValueError with what Prometheus says is wrong with a question."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from None

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
