"""Encrypted key files by another implementation of docs/spec/key-files.md: argon2-cffi 25.1.0, cryptography 50.0.2.

Usage: make.py FOLDER; make.py --open FILE PASSPHRASE prints the private key of FILE as PEM.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PASSPHRASE = "Zoë's correct horse"


def canonical(value):
    """OLPC canonical JSON of strings, integers and objects."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):
        return str(value)
    members = (canonical(name) + ":" + canonical(value[name]) for name in sorted(value))
    return "{" + ",".join(members) + "}"


def tuf_key(private):
    public = private.public_key()
    if isinstance(private, ed25519.Ed25519PrivateKey):
        raw = public.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
        return {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": raw.hex()}}
    pem = public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo).decode()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": pem}}
    return {"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": pem}}


def derive(passphrase, kdf):
    text = unicodedata.normalize("NFC", passphrase).encode()
    salt = base64.b64decode(kdf["salt"])
    cost = (kdf["passes"], kdf["memoryKiB"], kdf["lanes"])
    stretched = hash_secret_raw(text, salt, *cost, 32, Type.ID)
    return lambda purpose: HKDF(
        hashes.SHA256(), 32, b"", b"holdfast-key-file/1 " + purpose
    ).derive(stretched)


def seal(private, passphrase):
    def text(raw):
        return base64.b64encode(raw).decode()

    salt, nonce = os.urandom(32), os.urandom(12)
    file = {
        "holdfast-key-file": 1,
        "key": tuf_key(private),
        "kdf": {"name": "argon2id", "memoryKiB": 65536, "passes": 3, "lanes": 4, "salt": text(salt)},
        "cipher": {"name": "aes-256-gcm", "nonce": text(nonce)},
    }
    header = canonical(file).encode()
    key = derive(passphrase, file["kdf"])
    pkcs8 = private.private_bytes(
        form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    file["sealed"] = {
        "passphraseCheck": text(key(b"passphrase")),
        "headerCheck": text(hmac.digest(key(b"header"), header, hashlib.sha256)),
        "ciphertext": text(AESGCM(key(b"encryption")).encrypt(nonce, pkcs8, header)),
    }
    return file


def unseal(file, passphrase):
    sealed = file.pop("sealed")
    header = canonical(file).encode()
    key = derive(passphrase, file["kdf"])
    assert base64.b64decode(sealed["passphraseCheck"]) == key(b"passphrase")
    check = hmac.digest(key(b"header"), header, hashlib.sha256)
    assert base64.b64decode(sealed["headerCheck"]) == check
    nonce, ciphertext = file["cipher"]["nonce"], sealed["ciphertext"]
    cipher = AESGCM(key(b"encryption"))
    pkcs8 = cipher.decrypt(base64.b64decode(nonce), base64.b64decode(ciphertext), header)
    private = form.load_der_private_key(pkcs8, None)
    assert tuf_key(private) == file["key"]
    return private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


if sys.argv[1] == "--open":
    with open(sys.argv[2]) as source:
        sys.stdout.write(unseal(json.load(source), sys.argv[3]).decode())
else:
    keys = {
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "rsa": rsa.generate_private_key(65537, 3072),
    }
    for name, key in keys.items():
        with open(os.path.join(sys.argv[1], name + ".json"), "w") as target:
            json.dump(seal(key, PASSPHRASE), target, indent=2)
            target.write("\n")
