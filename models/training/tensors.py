"""Writes safetensors files whose bytes depend on nothing but what is in them.

Takes   {name: tensor} of NumPy, metadata {name: text}, a path.
Gives   the file.
Keeps   the library writes metadata in an order that differs from run to run, and files that only their owner may read;
        here metadata is in the order of names, and the file is like any other.
"""

import json

from safetensors.numpy import save

LENGTH_BYTES, ALIGNMENT = 8, 8


def write(path, tensors, metadata):
    """Writes the file at once, in the place of an earlier one."""
    plain = save(tensors, metadata=metadata)
    end = LENGTH_BYTES + int.from_bytes(plain[:LENGTH_BYTES], "little")
    header = json.loads(plain[LENGTH_BYTES:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(len(text).to_bytes(LENGTH_BYTES, "little") + text + plain[end:])
    fresh.replace(path)
