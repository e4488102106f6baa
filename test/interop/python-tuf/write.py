"""Writes a repository with python-tuf's metadata API, as a Python repository would over its life, for our client to read.

    write.py FOLDER

lays out FOLDER/<number>-<step>/: "metadata" (all files published so far), "targets", and "step.json". An honest step says
{"found": {TARGET: [SHA-256, ROLE]}, "absent": [TARGET]}. Another one says {"refused": CODE} and perhaps {"asks": TARGET}: what
our client must say to it after the honest step before; it is not part of those behind it.
"""

import copy
import json
import os
import sys
from datetime import datetime, timezone
from hashlib import sha256

from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

EXPIRES = datetime(2040, 1, 1, tzinfo=timezone.utc)
PAST = datetime(2020, 1, 1, tzinfo=timezone.utc)
TOP_LEVEL = ("root", "timestamp", "snapshot", "targets")
NOTE = {"x-note": {"list": [1, "é", "\u2028", {"nested": None}], "empty": {}}}


def new_key(kind):
    if kind == "rsa":
        return CryptoSigner.generate_rsa(size=2048)
    return CryptoSigner.generate_ecdsa() if kind == "ecdsa" else CryptoSigner.generate_ed25519()


class Repository:
    """The newest of every role, and who signs it."""

    def __init__(self, consistent):
        self.root = Root(expires=EXPIRES, consistent_snapshot=consistent, unrecognized_fields=NOTE)
        self.timestamp = Timestamp(expires=EXPIRES)
        self.snapshot = Snapshot(expires=EXPIRES, meta={})
        self.targets = {"targets": Targets(expires=EXPIRES, unrecognized_fields=NOTE)}
        self.signers = {role: [] for role in TOP_LEVEL}
        self.files = {}
        self.contents = {}
        self.lists_hashes = False
        for role in (self.root, self.timestamp, self.snapshot, self.targets["targets"]):
            role.version = 0

    def add_top_key(self, role, kind):
        signer = new_key(kind)
        self.root.add_key(signer.public_key, role)
        self.signers[role].append(signer)
        return signer

    def delegate(self, delegator, name, kinds, threshold=1, terminating=False, **paths):
        self.signers[name] = [new_key(kind) for kind in kinds]
        delegations = self._delegations(delegator)
        keyids = [signer.public_key.keyid for signer in self.signers[name]]
        delegations.roles[name] = DelegatedRole(name, keyids, threshold, terminating, **paths)
        self._add_keys(delegations, name)
        self._add_role(name)

    def delegate_bins(self, delegator, prefix, bits, signer):
        succinct = SuccinctRoles([signer.public_key.keyid], 1, bits, prefix)
        keys = {signer.public_key.keyid: signer.public_key}
        self.targets[delegator].delegations = Delegations(keys, succinct_roles=succinct)
        for name in succinct.get_roles():
            self.signers[name] = [signer]
            self._add_role(name)
        return succinct

    def replace_keys(self, delegator, name, kinds):
        delegations = self._delegations(delegator)
        for signer in self.signers[name]:
            del delegations.keys[signer.public_key.keyid]
        self.signers[name] = [new_key(kind) for kind in kinds]
        role = delegations.roles[name]
        role.keyids = [signer.public_key.keyid for signer in self.signers[name]]
        self._add_keys(delegations, name)

    def add_target(self, role, path, text, algorithms=("sha256",)):
        data = text.encode()
        target = TargetFile.from_data(path, data, list(algorithms))
        self.targets[role].targets[path] = target
        folder, _, name = path.rpartition("/")
        for digest in target.hashes.values() if self.root.consistent_snapshot else [None]:
            hashed = name if digest is None else f"{digest}.{name}"
            self.contents[f"{folder}/{hashed}" if folder else hashed] = data

    def publish(self, *roles):
        """Raises the version of these targets roles, then of snapshot and timestamp."""
        for role in roles:
            if role == "root":
                self.publish_root()
            else:
                signed = self.targets[role]
                signed.version += 1
                self.snapshot.meta[f"{role}.json"] = self._meta(signed, self._write(role, signed))
        self.publish_snapshot()

    def publish_root(self, extra=()):
        self.root.version += 1
        self._write("root", self.root, [*self.signers["root"], *extra])

    def publish_snapshot(self):
        self.snapshot.version += 1
        data = self._write("snapshot", self.snapshot)
        self.timestamp.snapshot_meta = self._meta(self.snapshot, data)
        self.timestamp.version += 1
        self._write("timestamp", self.timestamp)

    def _meta(self, signed, data):
        if not self.lists_hashes:
            return MetaFile(signed.version)
        return MetaFile(signed.version, len(data), {"sha256": sha256(data).hexdigest()})

    def _write(self, role, signed, signers=None):
        metadata = Metadata(copy.deepcopy(signed))
        for signer in signers or self.signers[role]:
            metadata.sign(signer, append=True)
        # The one spelling or the other: a client must not care.
        data = metadata.to_bytes(JSONSerializer(compact=len(role) % 2 == 0))
        versioned = role == "root" or (role != "timestamp" and self.root.consistent_snapshot)
        name = role.replace("/", "%2F").replace(" ", "%20").replace("é", "%C3%A9")
        self.files[f"{signed.version}.{name}.json" if versioned else f"{name}.json"] = data
        return data

    def _delegations(self, delegator):
        targets = self.targets[delegator]
        if targets.delegations is None:
            targets.delegations = Delegations({}, roles={})
        return targets.delegations

    def _add_keys(self, delegations, name):
        for signer in self.signers[name]:
            delegations.keys[signer.public_key.keyid] = signer.public_key

    def _add_role(self, name):
        if name not in self.targets:
            self.targets[name] = Targets(expires=EXPIRES)
            self.targets[name].version = 0


class Story:
    def __init__(self, folder, repository):
        self.folder = folder
        self.repository = repository
        self.found = {}
        self.steps = 0
        self.absent = ["simple/never/index.json", "elsewhere"]

    def page(self, role, path, text, **options):
        self.repository.add_target(role, path, text, **options)
        self.found[path] = [sha256(text.encode()).hexdigest(), role]

    def step(self, name):
        self._lay_out(name, {"found": self.found, "absent": self.absent})

    def bad(self, name, code, asks, attack):
        """The repository after `attack`, which is forgotten again."""
        honest = copy.deepcopy(self.repository.__dict__, {id(s): s for s in self._all_signers()})
        attack(self.repository)
        self._lay_out(name, {"refused": code, **({"asks": asks} if asks else {})})
        self.repository.__dict__.update(honest)

    def _all_signers(self):
        return [signer for signers in self.repository.signers.values() for signer in signers]

    def _lay_out(self, name, says):
        self.steps += 1
        folder = os.path.join(self.folder, f"{self.steps:02}-{name}")
        for kind, files in (
            ("metadata", self.repository.files),
            ("targets", self.repository.contents),
        ):
            for path, data in files.items():
                full = os.path.join(folder, kind, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "wb") as file:
                    file.write(data)
        with open(os.path.join(folder, "step.json"), "w", encoding="utf-8") as file:
            json.dump(says, file)


def begin(consistent):
    repository = Repository(consistent)
    for kind in ("ed25519", "ecdsa", "rsa"):
        repository.add_top_key("root", kind)
    repository.root.roles["root"].threshold = 2
    # A scheme that nobody knows yet, beside enough that are known.
    future = SSlibKey("ab" * 32, "x-future", "x-future-1", {"public": "?", "x": "1"})
    future.keyid = key_id_of(future)
    repository.root.add_key(future, "root")
    for kind in ("rsa", "ed25519"):
        repository.add_top_key("targets", kind)
    repository.root.roles["targets"].threshold = 2
    repository.add_top_key("timestamp", "ecdsa")
    repository.add_top_key("snapshot", "rsa")
    return repository


def key_id_of(key):
    text = json.dumps(key.to_dict(), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def tell(folder):
    repository = begin(consistent=True)
    story = Story(folder, repository)
    pages = ["simple/*/index.json"]
    repository.delegate("targets", "deny", ["ed25519"], paths=["deny.json"])
    repository.delegate(
        "targets", "owners of a/é", ["rsa", "ecdsa", "ed25519"], threshold=2, terminating=True,
        paths=["simple/owned/index.json", "simple/owned-*/index.json"],
    )
    repository.delegate("owners of a/é", "release", ["ecdsa"], terminating=True, paths=pages)
    repository.delegate("targets", "unclaimed", ["ed25519"], paths=pages)
    repository.delegate("targets", "low", ["rsa"], path_hash_prefixes=list("01234567"))
    repository.delegate("targets", "high", ["rsa"], path_hash_prefixes=list("89abcdef"))
    # Signatures of one length, so that an old file differs in its hash alone.
    bins_key = new_key("ed25519")
    succinct = repository.delegate_bins("unclaimed", "bin", 5, bins_key)
    story.page("targets", "top.txt", "in targets itself", algorithms=("sha512", "sha256"))
    story.page("owners of a/é", "simple/owned/index.json", "by two of three owners")
    story.page("release", "simple/owned-too/index.json", "by the owners' release role")
    for name in ("anchor", "buoy", "capstan"):
        path = f"simple/{name}/index.json"
        story.page(succinct.get_role_for_target(path), path, f"page of {name}")
    for name in ("1", "2", "3", "4"):
        path = f"files/{name}.whl"
        is_low = sha256(path.encode()).hexdigest()[0] in "01234567"
        story.page("low" if is_low else "high", path, f"wheel {name}")
    # No online role speaks for what terminates before it.
    shadowed = "simple/owned-none/index.json"
    repository.add_target(succinct.get_role_for_target(shadowed), shadowed, "malware")
    story.absent.append(shadowed)
    repository.publish("root", *repository.targets)
    story.step("first")

    repository.lists_hashes = True
    anchor = "simple/anchor/index.json"
    anchor_bin = succinct.get_role_for_target(anchor)
    story.page(anchor_bin, anchor, "page of anchor, again")
    repository.publish(anchor_bin)
    story.step("with-hashes")
    attacks_on_files(story, anchor, anchor_bin)

    former = repository.signers["root"][0]
    repository.root.revoke_key(former.public_key.keyid, "root")
    repository.signers["root"].remove(former)
    repository.add_top_key("root", "ecdsa")
    repository.publish_root([former])
    repository.root.roles["root"].threshold = 3
    repository.add_top_key("root", "ed25519")
    repository.publish_root()
    story.step("root-keys-and-threshold")
    two = repository.signers["root"][:2]
    for name, signers in (("too-few-root-keys", two), ("a-former-root-key", [*two, former])):
        story.bad(name, "tuf.threshold", None, lambda at, signers=signers: sign_root_with(at, signers))

    # The versions of timestamp and snapshot begin anew: their keys are others.
    for role, kind in (("timestamp", "rsa"), ("snapshot", "ed25519")):
        for signer in repository.signers[role]:
            repository.root.revoke_key(signer.public_key.keyid, role)
        repository.signers[role] = []
        repository.add_top_key(role, kind)
    repository.publish_root()
    repository.timestamp.version = repository.snapshot.version = 0
    repository.publish_snapshot()
    story.step("online-keys-and-lower-versions")

    stolen = repository.signers["release"]
    repository.replace_keys("owners of a/é", "release", ["rsa"])
    repository.replace_keys("targets", "deny", ["ecdsa"])
    repository.publish("release", "owners of a/é", "deny", "targets")
    story.step("delegated-keys")
    story.bad(
        "a-stolen-release-key", "tuf.threshold", "simple/owned-too/index.json",
        lambda at: sign_role_with(at, "release", stolen),
    )
    story.bad(
        "one-of-three-owners", "tuf.threshold", "simple/owned/index.json",
        lambda at: sign_role_with(at, "owners of a/é", at.signers["owners of a/é"][:1]),
    )

    more = repository.delegate_bins("unclaimed", "bin", 9, bins_key)
    for name in list(repository.targets):
        if name.startswith("bin-"):
            repository.targets[name].targets.clear()
    for name in ("anchor", "buoy", "capstan"):
        path = f"simple/{name}/index.json"
        story.page(more.get_role_for_target(path), path, f"page of {name} in more bins")
    repository.publish(*more.get_roles(), "unclaimed")
    story.step("more-bins")
    for _ in range(3):
        repository.publish_root()
    repository.publish("targets")
    story.step("several-at-once")


def attacks_on_files(story, target, role):
    def lower(at):
        at.snapshot.meta[f"{role}.json"] = MetaFile(1)
        at.publish_snapshot()

    def drop(at):
        del at.snapshot.meta["low.json"]
        at.publish_snapshot()

    def expire(at):
        at.timestamp.expires = PAST
        at.publish_snapshot()

    def expire_role(at):
        at.targets[role].expires = PAST
        at.publish(role)

    def replay(at):
        version = at.targets[role].version
        at.publish(role)
        at.files[f"{version + 1}.{role}.json"] = at.files[f"{version}.{role}.json"]

    def rename(at):
        version = at.targets[role].version
        at.lists_hashes = False
        at.publish(role)
        at.files[f"{version + 1}.{role}.json"] = at.files[f"{version}.{role}.json"]

    story.bad("a-role-goes-back", "tuf.rollback", None, lower)
    story.bad("a-role-is-dropped", "tuf.rollback", None, drop)
    story.bad("an-expired-timestamp", "tuf.expired", None, expire)
    story.bad("an-expired-role", "tuf.expired", target, expire_role)
    story.bad("an-old-file-with-hashes", "tuf.hash", target, replay)
    story.bad("an-old-file-without-hashes", "tuf.version", target, rename)


def sign_root_with(repository, signers):
    repository.root.version += 1
    repository._write("root", repository.root, signers)


def sign_role_with(repository, role, signers):
    repository.signers[role] = signers
    repository.publish(role)


def tell_plain_names(folder):
    """Without consistent snapshots, names carry neither versions nor hashes."""
    repository = begin(consistent=False)
    story = Story(folder, repository)
    repository.delegate("targets", "pages", ["ecdsa"], paths=["simple/*/index.json"])
    story.page("pages", "simple/anchor/index.json", "page of anchor")
    repository.publish("root", "pages", "targets")
    story.step("plain-first")
    story.page("pages", "simple/anchor/index.json", "page of anchor, again")
    repository.publish("pages")
    story.step("plain-again")


def main(folder):
    tell(os.path.join(folder, "consistent"))
    tell_plain_names(os.path.join(folder, "plain"))


if __name__ == "__main__":
    main(sys.argv[1])
