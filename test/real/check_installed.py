"""Compares what is installed in this environment with the wheels it came from.

    check_installed.py WHEEL-FOLDER

Every file that a wheel's RECORD lists must be installed with exactly these bytes; prints the names of the
distributions that were compared.
"""

import base64
import csv
import hashlib
import importlib.metadata
import io
import pathlib
import re
import sys
import zipfile


def record_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", name))
        return list(csv.reader(io.TextIOWrapper(archive.open(name), "utf-8")))


def main(folder):
    wheels = {}
    for wheel in pathlib.Path(folder).glob("*.whl"):
        project, version = wheel.name.split("-")[:2]
        wheels[re.sub(r"[-_.]+", "-", project).lower(), version] = wheel
    for distribution in importlib.metadata.distributions():
        project = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        wheel = wheels[project, distribution.version]
        compared = 0
        for path, digest, _size in record_of(wheel):
            if not digest or ".data/" in path:
                continue
            algorithm, expected = digest.split("=", 1)
            installed = pathlib.Path(distribution.locate_file(path)).read_bytes()
            actual = base64.urlsafe_b64encode(hashlib.new(algorithm, installed).digest()).rstrip(b"=").decode()
            assert actual == expected, f"{project}: {path} differs from the wheel"
            compared += 1
        assert compared > 0, f"{project}: nothing to compare"
        print(project)


main(sys.argv[1])
