"""The figure of calibration: how much better than the bundled encoder is a personal one, on the next session?

Virtual subjects whom no training of the pack ever met. Each is calibrated on a session of five runs of two minutes in which
all forty pictures are shown in random order, and scored on a session held afterwards with other noise: 40-way top-1 of single
trials, by the bundled encoder and by the personal one. Both sides in one run; prints the ratio.

    python benches/peers/next_session.py [--program target/release/phosphene] [--subjects 71 72 73 77 78] [--run-secs 120]
    python benches/peers/next_session.py --runs 1 2 3 5      # by how many of the runs the decoder was fitted to
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--program", default="target/release/phosphene")
parser.add_argument("--subjects", nargs="+", default=["71", "72", "73", "77", "78"])
parser.add_argument("--run-secs", type=int, default=120, help="length of each run; five make a session")
parser.add_argument("--runs", type=int, nargs="+", default=[5], help="how many of the five runs to fit to")
options = parser.parse_args()


def phosphene(*arguments):
    done = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr}")
    return done.stdout


def session(folder, subject, seeds):
    folder.mkdir()
    for seed in seeds:
        source = f"sim:subject={subject},repeats=1,speed=max,seconds={options.run_secs},seed={seed}"
        phosphene("record", "--source", source, "--out", folder / f"run-{seed:02}.xdf")
    return folder


def given(path, *more):
    """40-way top-1 of the encoder that is built upon: nothing of it is fitted to this session."""
    found = json.loads(phosphene("evaluate", path, "--json", *more))
    return next(s for s in found["scores"] if (s["encoder"], s["metric"], s["k"]) == ("pack", "top1", 1))


rows = {runs: [] for runs in options.runs}
for subject in options.subjects:
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        first = session(root / "first", subject, range(1, 6))
        second = session(root / "second", subject, range(11, 14))
        plain = given(second)
        for runs in options.runs:
            some = root / f"first-{runs}"
            some.mkdir()
            for recording in sorted(first.glob("run-*.xdf"))[:runs]:
                (some / recording.name).symlink_to(recording)
            fit = json.loads(phosphene("fit", some, "--json"))
            personal = given(second, "--encoder", some / "encoder.onnx")
            rows[runs].append((plain["value"], personal["value"]))
            print(
                f"subject {subject}: bundled {plain['value']:.3f}, personal {personal['value']:.3f} "
                f"[{personal['ci95'][0]:.3f}-{personal['ci95'][1]:.3f}], {personal['trials']} trials of {personal['n']} pictures; "
                f"fitted to {fit['trials']} trials of {runs} runs in {fit['fit_seconds']:.1f} s",
                flush=True,
            )
for runs, scores in rows.items():
    plain, personal = (sum(side) / len(side) for side in zip(*scores))
    print(f"mean, {runs} runs: bundled {plain:.3f}, personal {personal:.3f}, ratio {personal / plain:.2f} (SIMULATED)")
