"""Prints {"kustomization": [object, ...]} for all of deploy/kubernetes as JSON.

  render_all.py ROOT KUBECTL
"""

import json
import pathlib
import sys

import manifests


def main():
    root = pathlib.Path(sys.argv[1], "deploy", "kubernetes")
    rendered = {str(folder.relative_to(root)): manifests.render(sys.argv[2], folder) for folder in manifests.folders(root)}
    json.dump(rendered, sys.stdout)


if __name__ == "__main__":
    main()
