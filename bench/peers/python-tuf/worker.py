"""python-tuf beside Holdfast's signer and client (bench/tuf/line-worker.ts).

    worker.py sign TREE KEYS
    worker.py client ROOT METADATA-URL

The repository side is what a careful user writes with the Metadata API: bins are read from their files, so that not
all of them have to fit into memory; snapshot and timestamp are kept; every file is made with the library's own
serializer and written with its own `to_file`; the pointer is replaced last and in one step.
"""

import datetime
import hashlib
import io
import json
import os
import resource
import shutil
import sys
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from securesystemslib.storage import FilesystemBackend
from tuf.api.metadata import Metadata, MetaFile, TargetFile
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import Updater

LIFETIME_DAYS = {"timestamp": 1, "snapshot": 7, "bins": 30}


class Repository:
    def __init__(self, tree, keys):
        self.tree = tree
        self.serializer = JSONSerializer(compact=True)
        self.signers = {}
        for name in LIFETIME_DAYS:
            with open(os.path.join(keys, f"{name}.pem"), "rb") as file:
                self.signers[name] = CryptoSigner(load_pem_private_key(file.read(), None))
        self.timestamp = Metadata.from_file(os.path.join(tree, "timestamp.json"))
        version = self.timestamp.signed.snapshot_meta.version
        self.snapshot = Metadata.from_file(self.path("snapshot", version))
        unclaimed = Metadata.from_file(self.path("unclaimed", self.listed("unclaimed").version))
        self.bins = unclaimed.signed.delegations.succinct_roles

    def path(self, role, version):
        return os.path.join(self.tree, f"{version}.{role}.json")

    def listed(self, role):
        return self.snapshot.signed.meta[f"{role}.json"]

    def next(self, metadata, key):
        days = datetime.timedelta(days=LIFETIME_DAYS[key])
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        metadata.signed.version += 1
        metadata.signed.expires = now + days
        metadata.sign(self.signers[key])

    def change_bin(self, role, files):
        listed = self.listed(role)
        metadata = Metadata.from_file(self.path(role, listed.version))
        for file in files:
            metadata.signed.targets[file.path] = file
        self.next(metadata, "bins")
        metadata.to_file(self.path(role, metadata.signed.version), self.serializer)
        listed.version = metadata.signed.version

    def publish(self):
        self.next(self.snapshot, "snapshot")
        # As `to_file` does, with the bytes made once: the timestamp lists their hash.
        data = self.snapshot.to_bytes(self.serializer)
        version = self.snapshot.signed.version
        FilesystemBackend().put(io.BytesIO(data), self.path("snapshot", version))
        hashes = {"sha256": hashlib.sha256(data).hexdigest()}
        self.timestamp.signed.snapshot_meta = MetaFile(version, len(data), hashes)
        self.next(self.timestamp, "timestamp")
        pointer = os.path.join(self.tree, "timestamp.json")
        self.timestamp.to_file(f"{pointer}.new", self.serializer)
        os.replace(f"{pointer}.new", pointer)

    def batch(self, uploads):
        by_bin = {}
        for path, length, sha256 in uploads:
            file = TargetFile(length, {"sha256": sha256}, path)
            by_bin.setdefault(self.bins.get_role_for_target(path), []).append(file)
        for role, files in by_bin.items():
            self.change_bin(role, files)
        self.publish()

    def renew(self):
        for role in self.bins.get_roles():
            self.change_bin(role, [])
        self.publish()


def prepare_signing(tree, keys):
    repository = Repository(tree, keys)

    def prepare(task):
        if task["do"] == "renew":
            return repository.renew
        with open(task["targets"], encoding="utf-8") as file:
            uploads = json.load(file)
        return lambda: repository.batch(uploads)

    return prepare


def prepare_client(root_path, metadata_url):
    with open(root_path, "rb") as file:
        root = file.read()

    def refresh(state, target):
        os.makedirs(state, exist_ok=True)
        updater = Updater(state, metadata_url, bootstrap=root)
        updater.refresh()
        if updater.get_targetinfo(target) is None:
            raise RuntimeError(f"{target} was not found")

    def prepare(task):
        state = task["state"]
        if task["do"] == "cold":
            shutil.rmtree(state, ignore_errors=True)
        return lambda: refresh(state, task["target"])

    return prepare


def main(kind, *args):
    prepare = prepare_signing(*args) if kind == "sign" else prepare_client(*args)
    for line in sys.stdin:
        run = prepare(json.loads(line))
        cpu, started = time.process_time(), time.perf_counter()
        run()
        timing = {
            "wallMs": (time.perf_counter() - started) * 1000,
            "cpuMs": (time.process_time() - cpu) * 1000,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(timing), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
