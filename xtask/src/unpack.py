"""Unpacks the shared libraries for this machine out of native/wheels into native/lib, and verifies them.

usage: python -c … verify|unpack WHEEL…      (from the project's root)

native/lib/VERSIONS holds one line per file: wheel==version, SHA-256, path. `verify` ends with 1 when the
pinned versions changed, a file is missing or its hash differs.
"""

import hashlib
import platform
import re
import sys
import zipfile
from pathlib import Path, PurePosixPath

LIB = Path("native/lib")
VERSIONS = LIB / "VERSIONS"
SYSTEM = platform.system()
SUFFIX = {"Windows": ".dll", "Darwin": ".dylib"}.get(SYSTEM, ".so")
# Parts of BrainFlow that Phosphene has no use for, and its drivers for other machines.
UNUSED = re.compile(r"DataHandler|MLModule|onnxruntime|32\.dll$|x86\.dll$|raspberry")


def target(wheel, member):
    """Where a file of a wheel goes, relative to native/lib; None when it is not needed."""
    path = PurePosixPath(member)
    if wheel == "brainflow":
        wanted = path.parent.name == "lib" and path.suffix == SUFFIX and not UNUSED.search(path.name)
        return f"brainflow/{path.name}" if wanted else None
    if wheel == "pylsl":
        return path.name if path.name in ("liblsl.so", "liblsl.dylib", "lsl.dll") else None
    if re.fullmatch(r"libonnxruntime\.so\.[\d.]+|libonnxruntime\.[\d.]+\.dylib|onnxruntime\.dll", path.name):
        return ("" if SYSTEM == "Windows" else "lib") + "onnxruntime" + SUFFIX
    return None


def pins():
    """The pinned `wheel==version` of each wheel."""
    text = Path("native/wheels.txt").read_text(encoding="utf-8")
    return {name: f"{name}=={version}" for name, version in re.findall(r"^(\w+)==(\S+)", text, re.M)}


def recorded():
    """Lines of VERSIONS as (pin, hash, path)."""
    if not VERSIONS.is_file():
        return []
    return [tuple(line.split(maxsplit=2)) for line in VERSIONS.read_text(encoding="utf-8").splitlines() if line]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def verify(wheels):
    lines = recorded()
    for wheel in wheels:
        mine = [line for line in lines if line[0] == pins()[wheel]]
        intact = all((LIB / path).is_file() and digest((LIB / path).read_bytes()) == sha for _, sha, path in mine)
        if not mine or not intact:
            return 1
    return 0


def unpack(wheels):
    lines = [line for line in recorded() if line[0].split("==")[0] not in wheels]
    for wheel in wheels:
        pin = pins()[wheel]
        name = pin.replace("==", "-")
        archives = sorted(Path("native/wheels").glob(f"{name}-*.whl"))
        if not archives:
            sys.exit(f"native/wheels has no wheel of {pin}")
        with zipfile.ZipFile(archives[-1]) as archive:
            files = {target(wheel, member): member for member in archive.namelist()}
            files.pop(None, None)
            for path, member in sorted(files.items()):
                data = archive.read(member)
                # By way of another file, because a running program may have the old one open.
                part = LIB / (path + ".part")
                part.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data)
                part.replace(LIB / path)
                lines.append((pin, digest(data), path))
        if not files:
            sys.exit(f"{archives[-1]} holds no library for {SYSTEM}")
        print(f"{pin}: {len(files)} file{'s' if len(files) > 1 else ''} in {LIB}")
    VERSIONS.write_text("".join(" ".join(line) + "\n" for line in sorted(lines)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    mode, *wanted = sys.argv[1:]
    sys.exit({"verify": verify, "unpack": unpack}[mode](wanted))
