#!/usr/bin/env python3
"""Measures `phosphene record` against a sender in another process: is every sample in the file?

The sender is pylsl: 256 float32 channels at 2048 Hz, pushed in small chunks, and a text stream beside it. The
sender notes how many samples it had pushed at each moment; the recorder gets Ctrl-C in the middle; pyxdf reads
the file. Prints what was pushed before the stop and what of it is in the file, the recorder's share of one core, and
the time from Ctrl-C to a finished file.

    pip install pylsl==1.18.6 pyxdf==1.17.5
    cargo build --release --no-default-features
    python benches/peers/record_lsl.py --seconds 300
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

NAME = "phosphene-record"
LOOPBACK = "[lab]\nKnownPeers={127.0.0.1}\nSessionID=%s\n[multicast]\nResolveScope=machine\n[ports]\nIPv6=disable\n[log]\nlevel=-2\n"


def send(channels, rate, log):
    """Pushes on time until it is killed; after every push writes the clock and the count."""
    import numpy as np
    import pylsl

    wide = pylsl.StreamOutlet(pylsl.StreamInfo(NAME, "EEG", channels, rate, "float32", NAME + "-eeg"))
    text = pylsl.StreamOutlet(pylsl.StreamInfo(NAME + "-text", "Markers", 1, 0, "string", NAME + "-text"))
    noise = np.random.default_rng(1).normal(0, 20, (4096, channels)).astype(np.float32)
    start, sent, said = pylsl.local_clock(), 0, 0
    with open(log, "w") as lines:
        while True:
            due = int((pylsl.local_clock() - start) * rate)
            while sent < due:
                part = min(16, due - sent, 4096 - sent % 4096)
                block = noise[sent % 4096 : sent % 4096 + part].copy()
                # The first channel numbers the samples; float32 holds whole numbers up to 2^24.
                block[:, 0] = np.arange(sent, sent + part) % (1 << 24)
                wide.push_chunk(block, start + (sent + part - 1) / rate)
                sent += part
                lines.write(f"{pylsl.local_clock()!r} {sent} {said}\n")
            if sent // int(rate) > said:
                text.push_sample([f"second {said}"], pylsl.local_clock())
                said += 1
            lines.flush()
            time.sleep(0.004)


def cpu_secs(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(args, env, folder):
    import numpy as np
    import pylsl
    import pyxdf

    path, log = os.path.join(folder, "a.xdf"), os.path.join(folder, "pushed.txt")
    role = ["--role", "send", "--channels", str(args.channels), "--rate", str(args.rate), "--log", log]
    sender = subprocess.Popen([sys.executable, __file__, *role], env=env)
    try:
        time.sleep(2)
        predicate = f"lsl:timeout=20,pred=starts-with(name,'{NAME}')"
        command = [args.program, "record", "--source", predicate, "--out", path, "--json"]
        recorder = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
        while not os.path.exists(path):
            if recorder.poll() is not None:
                sys.exit("the recorder ended early")
            time.sleep(0.05)
        time.sleep(1)
        begun, busy = time.monotonic(), cpu_secs(recorder.pid)
        time.sleep(args.seconds)
        share = (cpu_secs(recorder.pid) - busy) / (time.monotonic() - begun)
        asked = pylsl.local_clock()
        recorder.send_signal(signal.SIGINT)
        document = json.loads(recorder.stdout.read())
        code = recorder.wait()
        ended = pylsl.local_clock() - asked
    finally:
        sender.kill()
        sender.wait()
    streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
    wide = next(s for s in streams if s["info"]["type"][0] == "EEG")
    numbers = wide["time_series"][:, 0].astype(np.int64)
    pushed = [line.split() for line in open(log) if line.count(" ") == 2 and line.endswith("\n")]
    before = max(int(sent) for at, sent, _ in pushed if float(at) <= asked)
    first = int(numbers[0])
    kept = np.unique(numbers)
    wanted = np.arange(first, before) % (1 << 24)
    missing = len(np.setdiff1d(wanted, kept))
    texts = next(s for s in streams if s["info"]["type"][0] == "Markers" and s["info"]["name"][0].startswith(NAME))
    print(json.dumps({
        "seconds": args.seconds,
        "pushed_before_stop": before - first,
        "of_these_missing": missing,
        "twice": int(len(numbers) - len(kept)),
        "in_file": len(numbers),
        "texts_in_file": len(texts["time_series"]),
        "clock_offsets": len(wide["clock_times"]),
        "core_share": round(share, 4),
        "stop_secs": round(document["stop_secs"], 4),
        "signal_to_exit_secs": round(ended, 4),
        "said_lost": [stream["lost"] for stream in document["streams"]],
        "mib": round(document["bytes"] / 2**20, 1),
        "exit_code": code,
    }, indent=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=["run", "send"], default="run")
    parser.add_argument("--program", default="target/release/phosphene")
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2048.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--log")
    args = parser.parse_args()
    if args.role == "send":
        return send(args.channels, args.rate, args.log)
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "lsl.cfg")
        with open(config, "w") as file:
            file.write(LOOPBACK % f"record-{os.getpid()}")
        # Recordings and the list of unfinished ones stay in the folder that is removed afterwards.
        env = dict(os.environ, LSLAPICFG=config, XDG_DATA_HOME=folder)
        os.environ.update(env)
        measure(args, env, folder)


if __name__ == "__main__":
    main()
