"""Fetches and verifies targets of a TUF repository with python-tuf's ngclient, as any Python program would.

    fetch.py STATE ROOT METADATA-URL TARGETS-URL TARGET...

prints one line per target, its SHA-256 and its name, or "absent" and its name.

    fetch.py --lines

answers each line of its input, a JSON object {"state", "root", "metadata", "targets", "names"}, with one line:
{"pages": {NAME: SHA-256 or null}}, or {"refused": KIND-OF-ERROR, "message"}. Each line is a run of its own, which
knows of those before it what the state folder holds.
"""

import hashlib
import json
import os
import sys

from tuf.ngclient import Updater


def fetch(state, root_path, metadata_url, targets_url, names):
    metadata_dir = os.path.join(state, "metadata")
    target_dir = os.path.join(state, "targets")
    os.makedirs(metadata_dir, exist_ok=True)
    os.makedirs(target_dir, exist_ok=True)
    with open(root_path, "rb") as file:
        root = file.read()
    updater = Updater(metadata_dir, metadata_url, target_dir, targets_url, bootstrap=root)
    updater.refresh()
    return {name: fetch_target(updater, name) for name in names}


def fetch_target(updater, name):
    info = updater.get_targetinfo(name)
    if info is None:
        return None
    path = updater.download_target(info)
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def answer(question):
    try:
        return {
            "pages": fetch(
                question["state"],
                question["root"],
                question["metadata"],
                question["targets"],
                question["names"],
            )
        }
    except Exception as error:
        return {"refused": type(error).__name__, "message": str(error)}


def main(arguments):
    if arguments == ["--lines"]:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        return
    for name, sha256 in fetch(*arguments[:4], arguments[4:]).items():
        print(sha256 or "absent", name)


if __name__ == "__main__":
    main(sys.argv[1:])
