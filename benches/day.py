"""Does a day cost what a minute does? The program without a window over a virtual subject that lives faster than we do.

Takes   a binary of phosphene, how much signal to run, in hours, how fast, and anything else for `phosphene live`.
Gives   resident memory and processor time over signal time, and by how much memory rose after the first ten minutes of
        signal (and two of ours: a pack is loaded as fast as ever). Exit code 1 where that is more than two per cent.
Needs   Linux (/proc); no Python package.

    benches/day.py target/release/phosphene --hours 24 --speed 64
    benches/day.py target/release/phosphene --hours 24 --speed 64 --record /tmp/day.xdf
    benches/day.py target/release/phosphene --hours 24 --speed 64 --source 'faulty:chaos=3,severity=0.2+sim:speed=64'

At `--speed max` every window is decoded, on one thread, and signal time is found from the number of decodes; else it is
the time that went by times the speed, the threads are those of a live run, and windows that come while the decoder is busy
are passed over.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SETTLED_SECS = 600.0
LOADED_SECS = 120.0
MOST_RISE = 0.02


def resident_kib(pid):
    """Resident memory of a process in KiB, without pages of files; none once it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
    return int(found[0]) if found else None


def processor_secs(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--speed", default="64")
    parser.add_argument("--source", help="in place of sim:speed=SPEED")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    parser.add_argument("--record", help="record into this file too (not at --speed max)")
    args, more = parser.parse_known_args()
    at_once = args.speed == "max"
    source = args.source or f"sim:speed={args.speed}"
    signal_secs = args.hours * 3600.0
    seconds = signal_secs if at_once else signal_secs / float(args.speed)
    command = [args.binary, "live", "--headless", "--json", "--source", source, "--seconds", str(seconds)]
    command += ["--record", args.record] if args.record else []
    with tempfile.TemporaryDirectory() as folder:
        decodes = pathlib.Path(folder) / "out" / "decodes.jsonl"
        command += ["--out", str(decodes.parent), "--no-pictures"] if at_once else []
        with tempfile.TemporaryFile() as said:
            run = subprocess.Popen(command + more, stdout=said, stderr=subprocess.DEVNULL)
            looks = watch(run, args, at_once, decodes)
            said.seek(0)
            document = json.loads(said.read() or b"{}")
    report(looks, document)
    settled = [look for number, look in enumerate(looks, 1)
               if look[0] >= SETTLED_SECS and number * args.every >= LOADED_SECS]
    if run.returncode != 0 or len(settled) < 2:
        sys.exit(f"the run ended with {run.returncode} after {len(looks)} looks")
    rise = max(look[1] for look in settled) / settled[0][1] - 1.0
    print(f"after the first ten minutes memory rose by {100 * rise:.2f} % at most")
    sys.exit(rise > MOST_RISE)


def watch(run, args, at_once, decodes):
    """(signal seconds, KiB, processor seconds) as the run goes on."""
    begun, looks, place, last = time.monotonic(), [], 0, 0.0
    while run.poll() is None:
        time.sleep(args.every)
        kib = resident_kib(run.pid)
        if kib is None:
            break
        if at_once and decodes.exists():
            with decodes.open("rb") as lines:
                lines.seek(place)
                new = lines.read()
                whole = new.rfind(b"\n") + 1
                place += whole
                for line in new[:whole].splitlines()[-1:]:
                    last = json.loads(line).get("onset_secs") or last
        secs = last if at_once else (time.monotonic() - begun) * float(args.speed)
        looks.append((secs, kib, processor_secs(run.pid)))
        print(f"{secs / 3600:8.3f} h  {kib / 1024:8.2f} MiB  {looks[-1][2]:9.1f} s of processor", flush=True)
    run.wait()
    return looks


def report(looks, document):
    """What the run says of itself, and memory by the hour."""
    counts = {key: document.get(key) for key in ("windows", "samples", "images_per_s")}
    print(json.dumps(counts, default=str))
    hour = -1
    for secs, kib, _ in looks:
        if int(secs // 3600) > hour:
            hour = int(secs // 3600)
            print(f"hour {hour:3d}: {kib / 1024:.2f} MiB")


if __name__ == "__main__":
    main()
