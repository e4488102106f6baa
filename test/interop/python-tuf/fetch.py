"""Fetches and verifies targets of a TUF repository with python-tuf's ngclient, as any Python program would.

    fetch.py STATE ROOT METADATA-URL TARGETS-URL TARGET...

prints one line per target, its SHA-256 and its name, or "absent" and its name.
"""

import hashlib
import os
import sys

from tuf.ngclient import Updater


def main(state, root_path, metadata_url, targets_url, *targets):
    metadata_dir = os.path.join(state, "metadata")
    target_dir = os.path.join(state, "targets")
    os.makedirs(metadata_dir, exist_ok=True)
    os.makedirs(target_dir, exist_ok=True)
    with open(root_path, "rb") as file:
        root = file.read()
    updater = Updater(metadata_dir, metadata_url, target_dir, targets_url, bootstrap=root)
    updater.refresh()
    for name in targets:
        info = updater.get_targetinfo(name)
        if info is None:
            print("absent", name)
            continue
        path = updater.download_target(info)
        with open(path, "rb") as file:
            print(hashlib.sha256(file.read()).hexdigest(), name)


if __name__ == "__main__":
    main(*sys.argv[1:])
