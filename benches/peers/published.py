"""What so many minutes of calibration buy, at the strength of the demonstration and at that of recorded people.

Takes   a binary of phosphene and simulated wearers whom no training, tuning or look has touched (2201-2210).
Gives   for each strength and each length of calibration (a run and two runs of the standard protocol, one whole session, four
        sessions), on a later session of the same wearer: which of the forty told pictures it was after k looks (top-1 with
        chance and a 95 % interval), how often that is said with .95 or more and wrong then, the expected calibration error
        (ten bins of equal width) beside what a decoder that says its true probabilities would get from as many means, and
        the e-process of the control. At demo strength also which of all remembered drawings it was. Markdown on standard
        output; with --table the file that the calibration page reads.
Needs   no Python package. Runs are offline (speed=max). What was recorded and decoded stays under --work, and is not done
        again: an hour and a half on two cores.

    python benches/peers/published.py --work /tmp/published --table calibration/worth.toml --section models/demo/EVALUATION.md

Intervals are over wearers: whole wearers drawn with replacement, 2.5 and 97.5 per cent points of 10 000 draws.
"""

import argparse
import concurrent.futures
import contextlib
import io
import json
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEARERS = range(2201, 2211)
STRENGTHS = {"demo": "as strongly as in the demonstration", "published": "as strongly as recorded people"}
SESSIONS = {"demo": 1, "published": 4}
# Minutes of calibration, in words, and which recordings: runs of the first session, or all of so many sessions.
LENGTHS = {2: ("one run", 1, 0), 4: ("two runs", 2, 0), 10: ("one session", 0, 1), 40: ("four sessions", 0, 4)}
# One session at demo strength is enough for all that can be asked there.
MINUTES = {"demo": (2, 4, 10), "published": (2, 4, 10, 40)}
PICTURES = 40
PAGES = 40
SECONDS_A_TRIAL = 0.8
LATER_SEED = 50
# By strength: how many looks a page has, and after which of them it is judged; the first three are those of the page's table.
LOOKS = {"demo": (10, (1, 3, 10)), "published": (80, (1, 10, 40, 80))}
TABLE_LOOKS = 3
DECIDED = 0.95
ALARM = 20
BINS = 10
DRAWS = 10_000


def phosphene(options, *arguments):
    done = subprocess.run([options.binary, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def calibrate(options, wearer, strength):
    """Four sessions by the standard protocol; gives the folder that holds them."""
    root = options.work / strength
    source = f"sim:subject={wearer},strength={strength},speed=max"
    for session in range(1, SESSIONS[strength] + 1):
        if not (root / f"sub-{wearer}/ses-{session:02}/fit.toml").exists():
            named = ("--subject", wearer, "--session", f"{session:02}", "--out", root)
            phosphene(options, "calibrate", "--headless", "--fit-only", "--source", source, *named)
    return root / f"sub-{wearer}"


def encoder(options, folder, minutes):
    """The encoder of so many minutes; fitted here where the program has not done so at the end of a session."""
    _, runs, sessions = LENGTHS[minutes]
    if sessions:
        return folder / f"ses-{sessions:02}/encoder.onnx"
    part = folder / f"runs-{runs}"
    if not (part / "fit.toml").exists():
        part.mkdir(exist_ok=True)
        for recording in sorted((folder / "ses-01").glob("*_task-calib_*.xdf"))[:runs]:
            if not (part / recording.name).exists():
                (part / recording.name).symlink_to(recording)
        phosphene(options, "fit", part, "--json")
    return part / "encoder.onnx"


def kept(options, wearer, strength, minutes, scope):
    return options.work / strength / f"sub-{wearer}/later-{minutes}-{scope}.json"


def later(options, wearer, strength, minutes, scope):
    """A later session: the means of k looks that are judged, as (k, probability of the best guess, right), and the control."""
    where = kept(options, wearer, strength, minutes, scope)
    if where.exists():
        return json.loads(where.read_text())
    folder = calibrate(options, wearer, strength)
    # Parts of a session are for the table only.
    whole = bool(LENGTHS[minutes][2])
    repeats, looks = LOOKS[strength]
    looks = looks if whole else looks[:TABLE_LOOKS]
    repeats = repeats if whole else looks[-1]
    trials = PAGES * repeats if whole else PAGES * repeats // 2
    source = (
        f"sim:subject={wearer},strength={strength},speed=max,seed={LATER_SEED},repeats={repeats},"
        f"seconds={trials * SECONDS_A_TRIAL:.0f}"
    )
    out = folder / f"live-{minutes}-{scope}"
    own = ("--encoder", encoder(options, folder, minutes))
    more = ("--headless", "--json", "--no-pictures", "--scope", scope, "--out", out)
    document = json.loads(phosphene(options, "live", "--source", source, *own, *more))
    means = []
    for line in (out / "decodes.jsonl").read_text().splitlines():
        decode = json.loads(line)
        believed = decode["believed"]
        if decode["k"] in looks and believed and believed["truth_rank"]:
            means.append((decode["k"], believed["best"][0]["probability"], believed["truth_rank"] == 1))
    (out / "decodes.jsonl").unlink()
    control = {key: document["control"][key] for key in ("trials", "hits", "e_highest", "succeeded")}
    found = {"means": means, "control": control}
    where.write_text(json.dumps(found))
    return found


def error(means):
    """Expected calibration error of (probability, right)."""
    bins = [[0, 0.0] for _ in range(BINS)]
    for said, right in means:
        place = bins[min(int(said * BINS), BINS - 1)]
        place[0] += right
        place[1] += said
    return sum(abs(right - said) for right, said in bins) / max(len(means), 1)


def floor(means, draws=200):
    """The error that is to be expected of as many means whose probabilities are true."""
    chance = random.Random(1)
    return sum(error([(said, chance.random() < said) for said, _ in means]) for _ in range(draws)) / draws


def interval(by_wearer):
    """Of top-1, over wearers."""
    counts = [(len(own), sum(right for _, right in own)) for own in by_wearer]
    chance = random.Random(1)
    found = []
    for _ in range(options.draws):
        drawn = chance.choices(counts, k=len(counts))
        found.append(sum(right for _, right in drawn) / max(sum(size for size, _ in drawn), 1))
    found.sort()
    return found[int(0.025 * len(found))], found[int(0.975 * len(found))]


def top1(means):
    return sum(right for _, right in means) / max(len(means), 1)


def row(name, by_wearer, chance):
    """One line of the table."""
    means = [mean for own in by_wearer for mean in own]
    if not means:
        return f"| {name} | 0 | – | – | – | – | – |"
    low, high = interval(by_wearer)
    least, most = interval_of_error(by_wearer)
    decided = [right for said, right in means if said >= DECIDED]
    wrong = f"{1 - sum(decided) / len(decided):.3f} ({len(decided) - sum(decided)} of {len(decided)})" if decided else "–"
    return (
        f"| {name} | {len(means)} | {top1(means):.3f} [{low:.3f}, {high:.3f}] | {chance} | "
        f"{sum(said for said, _ in means) / len(means):.3f} | {error(means):.3f} [{least:.3f}, {most:.3f}] / {floor(means):.3f} | "
        f"{len(decided) / len(means):.3f} / {wrong} |"
    )


def interval_of_error(by_wearer):
    """The same over wearers; bins are summed once for each, so that ten thousand draws take seconds."""
    sums = []
    for own in by_wearer:
        bins = [0.0] * BINS
        for said, right in own:
            bins[min(int(said * BINS), BINS - 1)] += right - said
        sums.append((len(own), bins))
    chance = random.Random(1)
    found = []
    for _ in range(options.draws):
        drawn = chance.choices(sums, k=len(sums))
        count = max(sum(size for size, _ in drawn), 1)
        found.append(sum(abs(sum(bins[place] for _, bins in drawn)) for place in range(BINS)) / count)
    found.sort()
    return found[int(0.025 * len(found))], found[int(0.975 * len(found))]


HEAD = (
    "| Calibrated by | k | means | top-1 [95 %] | chance | said | ECE [95 %] / floor | decided / wrong of them |\n"
    "|---|---|---|---|---|---|---|---|"
)


def at(found, k):
    return [[(said, right) for looks, said, right in one["means"] if looks == k] for one in found]


def control(found):
    controls = [one["control"] for one in found]
    highest = max(one["e_highest"] for one in controls)
    trials, hits = (sum(one[key] for one in controls) for key in ("trials", "hits"))
    alarms = sum(one["succeeded"] for one in controls)
    return f"null twin {hits} of {trials} = {hits / max(trials, 1):.4f}; highest e {highest:.2f}; alarms in {alarms} of {len(controls)} runs"


def gathered(options):
    """Every run of `later`, some at a time; what most depends on first."""
    pairs = [(wearer, strength) for strength in options.strengths for wearer in options.wearers]
    jobs = [(*pair, minutes, "told") for minutes in (10, 40, 4, 2) for pair in pairs if minutes in MINUTES[pair[1]]]
    middle = 3 * len(options.wearers)
    jobs[middle:middle] = [(*pair, 10, "remembered") for pair in pairs if pair[1] == "demo"]
    if options.kept:
        return {job: json.loads(kept(options, *job).read_text()) for job in jobs if kept(options, *job).exists()}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # The sessions of a wearer first, so that no two jobs hold them at once.
        list(pool.map(lambda pair: calibrate(options, *pair), pairs))
        return dict(zip(jobs, pool.map(lambda job: later(options, *job), jobs)))


def of_all(options, found, *which):
    """What was found of every wearer; nothing where one is missing."""
    runs = [found.get((wearer, *which)) for wearer in options.wearers]
    return runs if all(runs) else []


HEADING = "## What minutes of calibration buy"


def into(path, section):
    """The section in place of the one with this heading, at the end of the file where there is none."""
    before, _, after = path.read_text().partition(f"{HEADING}\n")
    _, mark, rest = after.partition("\n## ")
    path.write_text(before.rstrip("\n") + "\n\n" + section.rstrip("\n") + "\n" + (mark + rest if mark else ""))


def report(options, found):
    command = "python benches/peers/published.py --work FOLDER --table calibration/worth.toml --section models/demo/EVALUATION.md"
    print(f"{HEADING}\n\nWritten by `{command}`: simulated wearers {options.wearers[0]}–{options.wearers[-1]}, 16 channels, {PICTURES} told pictures;")
    print(f"sessions by `phosphene calibrate --headless`, then `phosphene live` on a later session of {PAGES} pages (half as many after parts of a session).")
    print("Intervals are over wearers. ECE: ten bins of equal width; floor: what as many means would show whose probabilities are true")
    print("(eighty looks at a picture share what the fit left unknown of it, so that they are fewer than they seem). Decided: .95 and more.")
    print("Development wearers, at which all was chosen: 2101-2110. SIMULATED, with a pack that knows the population of these wearers.\n")
    for strength in options.strengths:
        looks = LOOKS[strength][1]
        print(f"**At the strength `{strength}`**: {STRENGTHS[strength]}.\n\n{HEAD}")
        missing = []
        for minutes in MINUTES[strength]:
            runs = of_all(options, found, strength, minutes, "told")
            missing += [] if runs else [f"{minutes} minutes"]
            for k in (looks if LENGTHS[minutes][2] else looks[:TABLE_LOOKS]) if runs else ():
                print(row(f"{minutes} minutes ({LENGTHS[minutes][0]}) | {k}", at(runs, k), 1 / PICTURES))
        if strength == "demo":
            runs = of_all(options, found, strength, 10, "remembered")
            missing += [] if runs else ["all remembered"]
            for k in looks if runs else ():
                print(row(f"10 minutes, among all remembered | {k}", at(runs, k), "0.0002"))
        print(f"\nNot measured yet: {', '.join(missing)}.\n" if missing else "")
        for minutes in MINUTES[strength]:
            runs = of_all(options, found, strength, minutes, "told")
            if runs:
                print(f"- Control, {minutes} minutes: {control(runs)}.")
        print()


def table(options, found, path):
    """What the calibration page reads."""
    lines = [
        "# What so many minutes of calibration buy: read by the calibration page. Written by benches/peers/published.py --table.",
        "schema = 1",
        'pack = "phosphene-demo"',
        f"pictures = {PICTURES}",
        f'source = "simulated wearers {options.wearers[0]} to {options.wearers[-1]}, on a later session"',
    ]
    for strength in options.strengths:
        looks = LOOKS[strength][1][:TABLE_LOOKS]
        lines += ["", "[[strength]]", f'name = "{strength}"', f"looks = {list(looks)}", "rows = ["]
        for minutes in MINUTES[strength]:
            runs = of_all(options, found, strength, minutes, "told")
            if not runs:
                continue
            shares = ", ".join(f"{top1([m for own in at(runs, k) for m in own]):.3f}" for k in looks)
            lines.append(f"    {{ minutes = {minutes}, top1 = [{shares}] }},")
        lines.append("]")
    path.write_text("\n".join(lines) + "\n")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--binary", default=ROOT / "target/release/phosphene")
parser.add_argument("--work", type=pathlib.Path, required=True, help="where recordings and what was decoded stay")
parser.add_argument("--wearers", type=int, nargs="+", default=list(WEARERS))
parser.add_argument("--strengths", nargs="+", default=list(STRENGTHS), choices=STRENGTHS)
parser.add_argument("--kept", action="store_true", help="report what is kept, run nothing")
parser.add_argument("--jobs", type=int, default=2)
parser.add_argument("--draws", type=int, default=DRAWS)
parser.add_argument("--section", type=pathlib.Path, help="a Markdown file whose section is written anew")
parser.add_argument("--table", type=pathlib.Path, help="the file that the calibration page reads")
options = parser.parse_args()
options.work = options.work.resolve()
options.work.mkdir(parents=True, exist_ok=True)
everything = gathered(options)
with contextlib.redirect_stdout(io.StringIO()) as page:
    report(options, everything)
print(page.getvalue())
if options.section:
    into(options.section, page.getvalue())
if options.table:
    table(options, everything, options.table)
