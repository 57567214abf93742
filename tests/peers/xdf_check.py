"""Reads XDF files with pyxdf and prints what it finds as JSON, for the harness of the tests and make_xdf.py.

    python3 xdf_check.py FILE...

One document: a list with, per file, a list with, per stream: id, stamps and values (floating point as text), the segments and
the measured rate. Made for pyxdf 1.17.5. Exit code 3: pyxdf is not installed.
"""

import json
import sys

try:
    import pyxdf
except ImportError:
    sys.exit(3)


def plain(series):
    return series.tolist() if hasattr(series, "tolist") else series


def exact(value):
    """Floating-point numbers as text: not every JSON parser reads them back to the last bit."""
    return repr(value) if isinstance(value, float) else value


def read(path):
    streams, _ = pyxdf.load_xdf(path, verbose=False)
    return [
        {
            "id": stream["info"]["stream_id"],
            "name": stream["info"]["name"][0],
            "stamps": plain(stream["time_stamps"]),
            "values": [exact(value) for row in plain(stream["time_series"]) for value in row],
            "segments": stream["info"]["segments"],
            "clock_segments": stream["info"]["clock_segments"],
            "rate_hz": float(stream["info"]["effective_srate"]),
        }
        for stream in streams
    ]


if __name__ == "__main__":
    json.dump([read(path) for path in sys.argv[1:]], sys.stdout)
