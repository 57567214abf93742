#!/usr/bin/env python3
"""Kills a recording fifty times at random moments and reads with pyxdf what is left.

The recorder takes the virtual subject, whose stamps are those of the system's monotonic clock, so the last stamp
in the file tells how much is missing. Prints the worst and the median, in seconds. Fails above one second.

    pip install pyxdf==1.17.5
    cargo build --release --no-default-features
    python benches/peers/record_kill.py --program target/release/phosphene
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time


def kill_one(program, path, env, wait):
    command = [program, "record", "--source", "sim", "--out", path]
    recorder = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    while not os.path.exists(path):
        if recorder.poll() is not None:
            sys.exit("the recorder ended early")
        time.sleep(0.005)
    time.sleep(wait)
    killed = time.monotonic()
    recorder.kill()
    recorder.wait()
    return killed


def main():
    import pyxdf

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/phosphene")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, missing = random.Random(args.seed), []
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, XDG_DATA_HOME=folder)
        for i in range(args.times):
            path = os.path.join(folder, f"{i}.xdf")
            killed = kill_one(args.program, path, env, rng.uniform(1.0, 3.0))
            streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
            eeg = next(s for s in streams if s["info"]["type"][0] == "EEG")
            missing.append(killed - float(eeg["time_stamps"][-1]))
    worst = max(missing)
    figures = {"times": len(missing), "worst_secs": round(worst, 3), "median_secs": round(statistics.median(missing), 3)}
    print(json.dumps(figures))
    sys.exit(worst > 1.0)


if __name__ == "__main__":
    main()
