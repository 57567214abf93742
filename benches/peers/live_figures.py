"""Whole-program figures of `phosphene live`, read from its own JSON documents and from the system.

Takes   the release binary (built by `cargo build --release`) and how many seconds to run each condition.
Gives   a table: pictures per second, window to picture, start to first picture, resident memory at the start and at
        the end, scores with interval, and the share of p-values below 0.05.
Needs   Linux (/proc) for the memory figures. No Python package.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONDITIONS = {
    "sim, free-running": ["--source", "sim", "--mode", "free"],
    "sim, locked to onsets": ["--source", "sim"],
    "BrainFlow synthetic, free-running": ["--source", "brainflow:synthetic", "--mode", "free"],
}


def resident_mb(pid):
    """Resident memory of a process in MB, or None when it has ended."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return None


def run(binary, arguments, seconds):
    """Runs one condition; gives its document and resident memory after a tenth of the run and just before its end."""
    command = [str(binary), "live", *arguments, "--headless", "--json", "--seconds", str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    time.sleep(max(3.0, seconds * 0.1))
    early = resident_mb(process.pid)
    late = early
    while process.poll() is None:
        late = resident_mb(process.pid) or late
        time.sleep(0.5)
    output = process.stdout.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return json.loads(output), early, late


def report(name, document, early, late):
    latency = document["latency_ms"]["window_to_image"]
    evidence, truth, twin = document["evidence"], document["truth"], document["null_twin"]
    windows = document["windows"]
    print(f"\n{name}")
    print(f"  pictures per second      {document['images_per_s']:.1f}")
    print(f"  window to picture, ms    p50 {latency['p50']:.1f}  p95 {latency['p95']:.1f}  p99 {latency['p99']:.1f}")
    print(f"  start to first picture   {document['process']['first_picture_secs']} s")
    print(f"  resident memory, MB      {early:.0f} early, {late:.0f} late, {document['process']['peak_rss_mb']:.0f} peak")
    print(f"  windows                  {windows['made']} made, {windows['decoded']} decoded, "
          f"{windows['skipped']} skipped, abstained {windows['abstained_why']}")
    print(f"  acquire + filter         {document['process']['acquire_and_filter_cpu_share']} of one core")
    print(f"  p below 0.05             {evidence['share_below_0_05']} of {evidence['decodes']}")
    if truth:
        print(f"  top-1                    {truth['top1']:.3f} of {truth['trials']}, 95 % {truth['ci95_top1']}, "
              f"chance {truth['chance_top1']}, p {truth['p_value']:.2e}; top-5 {truth['top5']:.3f}")
        print(f"  by k                     {[(s['k'], s['trials'], round(s['top1'], 3)) for s in truth['by_k']]}")
    if twin:
        print(f"  null twin top-1          {twin['top1']:.3f} of {twin['trials']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/phosphene")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    for name, arguments in CONDITIONS.items():
        report(name, *run(options.binary.resolve(), arguments, options.seconds))


if __name__ == "__main__":
    main()
