"""At which temperatures do personal encoders mean what they say? For the law in src/study/fit/answers/law.rs.

Takes   a binary of phosphene and development wearers (2101-2110), whom no score is ever reported of.
Gives   for each strength, and for one and four sessions of five runs of a minute and a half: what `examples/answer_law.rs`
        prints of encoders fitted by this program, on a later session with eighty looks at each of forty pictures (ten of
        each at the strength of the demonstration).
Needs   no Python package; cargo. What was recorded and fitted stays under --work and is not done again.

    python benches/peers/answer_law.py --work /tmp/answer-law
"""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LENGTHS = {"ten minutes": 1, "four sessions": 4}
RUNS = 5
RUN_SECS = 90
# Looks at a picture in a row, and seconds of the later session.
LATER = {"demo": (10, 1280), "published": (80, 2560)}
LATER_SEED = 99


def call(command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def record(options, path, wearer, strength, **more):
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = ",".join(f"{key}={value}" for key, value in more.items())
        source = f"sim:subject={wearer},strength={strength},speed=max,{keys}"
        call([options.binary, "record", "--source", source, "--out", path])
    return path


def pairs(options, strength, sessions):
    """Encoder and later recording of each wearer."""
    for wearer in options.wearers:
        folder = options.work / strength / str(wearer)
        for session in range(1, sessions + 1):
            for run in range(1, RUNS + 1):
                path = folder / f"session-{session}/run-{run}.xdf"
                record(options, path, wearer, strength, repeats=1, seconds=RUN_SECS, seed=10 * session + run)
        repeats, seconds = LATER[strength]
        later = record(options, folder / "later.xdf", wearer, strength, repeats=repeats, seconds=seconds, seed=LATER_SEED)
        fitted = folder / f"fitted-{sessions}"
        if not (fitted / "fit.toml").exists():
            held = [folder / f"session-{session}" for session in range(1, sessions + 1)]
            call([options.binary, "fit", *held, "--out", fitted, "--json"])
        yield fitted / "encoder.onnx"
        yield later


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--binary", default=ROOT / "target/release/phosphene")
parser.add_argument("--work", type=pathlib.Path, required=True, help="where recordings and encoders stay")
parser.add_argument("--wearers", type=int, nargs="+", default=list(range(2101, 2111)))
given = parser.parse_args()
for strength in LATER:
    for name, sessions in LENGTHS.items():
        both = list(pairs(given, strength, sessions))
        judge = ["cargo", "run", "--release", "--example", "answer_law", "--", "models/demo", *both]
        print(f"strength {strength}, {name}\n{call(judge)}", flush=True)
