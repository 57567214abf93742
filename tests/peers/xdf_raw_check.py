"""Reads XDF files with pyxdf as they stand, no clock or stamp touched, and prints JSON for tests/record/several.rs.

    python3 xdf_raw_check.py FILE

A list with, per stream: name, type, stamps and values as text that reads back exactly, and clock offsets. Made for pyxdf 1.17.5.
Exit code 3: pyxdf is not installed.
"""

import json
import sys

try:
    import pyxdf
except ImportError:
    sys.exit(3)


def plain(series):
    return series.tolist() if hasattr(series, "tolist") else series


def main(path):
    streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False, verbose=False)
    found = [
        {
            "name": stream["info"]["name"][0],
            "type": stream["info"]["type"][0],
            "stamps": [repr(float(stamp)) for stamp in stream["time_stamps"]],
            "values": [value if isinstance(value, str) else repr(value) for row in plain(stream["time_series"]) for value in row],
            "offsets": len(stream["clock_times"]),
        }
        for stream in streams
    ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
