#!/usr/bin/env python3
"""Measures Phosphene's LSL input against a sender in another process, and pylsl's own input beside it.

The sender is pylsl: 64 channels at 1000 Hz, every sample pushed by itself and stamped at that moment, so
that arrival minus stamp is the time from the sender's call to the receiver's hands. Runs the sender, then
the receiver given as a command (default: the Rust example), and prints what it reports.

    pip install pylsl==1.18.6
    cargo build --release --no-default-features --example lsl_latency
    python benches/peers/lsl_latency.py --seconds 60
    python benches/peers/lsl_latency.py --seconds 60 --receiver pylsl
    python benches/peers/lsl_latency.py --seconds 60 --receiver live     # the whole program, filters included
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

NAME = "phosphene-latency"
LOOPBACK = "[lab]\nKnownPeers={127.0.0.1}\nSessionID=%s\n[multicast]\nResolveScope=machine\n[ports]\nIPv6=disable\n[log]\nlevel=-2\n"


def send(channels, rate, seconds):
    """Pushes samples on time; after a stall it catches up, so the mean rate is right."""
    import numpy as np
    import pylsl

    info = pylsl.StreamInfo(NAME, "EEG", channels, rate, "float32", NAME + "-source")
    described = info.desc().append_child("channels")
    for i in range(channels):
        channel = described.append_child("channel")
        channel.append_child_value("label", f"E{i + 1}")
        channel.append_child_value("unit", "microvolts")
        channel.append_child_value("type", "EEG")
    outlet = pylsl.StreamOutlet(info)
    if not outlet.wait_for_consumers(60):
        sys.exit("no receiver came")
    noise = np.random.default_rng(1).normal(0, 20, (4096, channels)).astype(np.float32)
    start, sent, total = pylsl.local_clock(), 0, int(rate * seconds)
    while sent < total:
        while sent < total and pylsl.local_clock() >= start + sent / rate:
            outlet.push_sample(noise[sent % 4096], pylsl.local_clock())
            sent += 1
        time.sleep(max(0.0, start + sent / rate - pylsl.local_clock()))
    time.sleep(1.0)
    print(f"sent {sent}", file=sys.stderr)


def receive(seconds):
    """The same measurement through pylsl alone, sample by sample, for comparison."""
    import numpy as np
    import pylsl

    found = pylsl.resolve_byprop("name", NAME, timeout=30)
    if not found:
        sys.exit("no stream")
    inlet = pylsl.StreamInlet(found[0], recover=False)
    correction = inlet.time_correction(5.0)
    inlet.open_stream(5.0)
    delays, busy = [], time.thread_time()
    begin = time.perf_counter()
    while True:
        try:
            sample, stamp = inlet.pull_sample(timeout=3.0)
        except pylsl.util.LostError:
            break
        if stamp is None:
            break
        delays.append((pylsl.local_clock() - stamp - correction) * 1e3)
        if len(delays) == 1:
            begin, busy = time.perf_counter(), time.thread_time()
        if time.perf_counter() - begin > seconds + 5:
            break
    share = (time.thread_time() - busy) / max(time.perf_counter() - begin, 1e-9)
    p50, p95, p99 = np.percentile(delays, [50, 95, 99])
    print(f"pylsl: received {len(delays)}, ms p50 {p50:.3f} p95 {p95:.3f} p99 {p99:.3f} max {max(delays):.3f}, cpu {share:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=["run", "send", "receive"], default="run")
    parser.add_argument("--receiver", choices=["rust", "live", "pylsl"], default="rust")
    parser.add_argument("--binary", default="target/release/examples/lsl_latency", help="for --receiver rust")
    parser.add_argument("--program", default="target/release/phosphene", help="for --receiver live")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    if args.role == "send":
        return send(args.channels, args.rate, args.seconds)
    if args.role == "receive":
        return receive(args.seconds)
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as config:
        config.write(LOOPBACK % f"latency-{os.getpid()}")
        config.flush()
        env = dict(os.environ, LSLAPICFG=config.name)
        # The whole program ends by its own clock, so the sender goes on a little longer.
        sending = args.seconds + (5.0 if args.receiver == "live" else 0.0)
        numbers = ["--channels", str(args.channels), "--rate", str(args.rate), "--seconds", str(sending)]
        sender = subprocess.Popen([sys.executable, __file__, "--role", "send", *numbers], env=env)
        try:
            if args.receiver == "live":
                source = f"lsl:name={NAME},markers=none,timeout=30"
                command = [args.program, "live", "--source", source, "--headless", "--json", "--seconds", str(args.seconds)]
                document = json.loads(subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE).stdout)
                kept = ["seconds", "samples", "process"]
                shown = {key: document[key] for key in kept} | {"sample_to_filtered_ms": document["latency_ms"]["sample_to_filtered"]}
                print(json.dumps(shown, indent=2))
                return
            if args.receiver == "rust":
                command = [args.binary, f"lsl:name={NAME},markers=none,timeout=30", str(args.seconds)]
            else:
                command = [sys.executable, __file__, "--role", "receive", "--seconds", str(args.seconds)]
            subprocess.run(command, env=env, check=True)
        finally:
            sender.terminate()
            sender.wait()


if __name__ == "__main__":
    main()
