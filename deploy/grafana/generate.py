#!/usr/bin/env python3
"""Writes sluice.json, the Grafana board.

    deploy/grafana/generate.py           writes it beside this script
    deploy/grafana/generate.py --check   exits 1 when what is there is not what this script writes

Grafana 9.4 and later: before it a table's cells were coloured by another field. The board names no data source: the variable `datasource` does.
"""

import json
import pathlib
import sys

import rows
import rows_below
from panels import placed


def variable(name, label, query):
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,  # with the time range, so that a new route appears
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


ROWS = [
    rows.overview(),
    rows.two_columns(),
    rows.rollouts(),
    rows.experiments(),
    rows_below.shadows(),
    rows.bandits(),
    rows_below.endpoints(),
    rows_below.traffic(),
    rows_below.gateway(),
]


def board():
    return {
        "uid": "sluice",
        "title": "Sluice",
        "description": "Routes, rollouts and versions behind Sluice gateways.",
        "tags": ["sluice"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "refresh": 1,
                },
                variable("job", "Job", "label_values(sluice_build_info, job)"),
                variable("route", "Route", 'label_values(sluice_version_info{job=~"$job"}, route)'),
                variable("version", "Version", 'label_values(sluice_version_info{job=~"$job",route=~"$route"}, version)'),
            ]
        },
        "panels": placed(ROWS),
    }


def main():
    path = pathlib.Path(__file__).resolve().parent / "sluice.json"
    text = json.dumps(board(), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        path.write_text(text)
        return 0
    if path.exists() and path.read_text() == text:
        return 0
    print(f"{path} is not what this script writes; run deploy/grafana/generate.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
