"""Is the control a control, and is the picture worth what it says? Long runs of the whole program.

Takes   a binary of phosphene, subjects, and how many trials to run for each.
Gives   Markdown, and with --report the section "Control" of that file: for each subject at -14 dB and for 0 dB with 64
        channels how often the null twin names the picture, beside the 99 % binomial interval of chance, the e-process of
        the control, both p-values, and by k top-1, mean probability and expected calibration error (ten bins of equal
        width) of the told pictures; whether p of the shown picture is uniform where pictures are misnamed at random
        (Kolmogorov-Smirnov); in how many short runs the alarm is raised though nothing leaks; and after how many trials it
        comes when the null twin is fed with the window itself on purpose.
Needs   no Python package. Runs are offline (speed=max).
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS_A_TRIAL = 0.8
TAIL = 0.005
BINS = 10
ALARM = 20.0
# Subjects of the short runs: met by nothing else.
FIRST_NULL_SUBJECT = 2301
HEAD = "## Control"


def binomial_interval(trials, chance):
    """Smallest and largest number of hits that chance leaves 99 %: the tails beyond each hold less than half a percent."""
    logs = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(chance) + (trials - k) * math.log1p(-chance)
        for k in range(trials + 1)
    ]
    shares = [math.exp(value) for value in logs]
    low, below = 0, shares[0]
    while below < TAIL:
        low += 1
        below += shares[low]
    high, above = trials, shares[trials]
    while above < TAIL:
        high -= 1
        above += shares[high]
    return low, high


def kolmogorov_smirnov(values):
    """Distance of these values from a uniform distribution, and its p by Kolmogorov's limit."""
    ordered, count = sorted(values), len(values)
    distance = max(max((i + 1) / count - v, v - i / count) for i, v in enumerate(ordered))
    scaled = (math.sqrt(count) + 0.12 + 0.11 / math.sqrt(count)) * distance
    tail = 2 * sum((-1) ** (j - 1) * math.exp(-2 * (j * scaled) ** 2) for j in range(1, 101))
    return distance, min(max(tail, 0.0), 1.0)


def run(binary, source, *more):
    """(document, decodes) of one offline run."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        command = [str(binary), "live", "--source", source, "--headless", "--json", "--no-pictures", "--out", str(out), *more]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        lines = (out / "decodes.jsonl").read_text().splitlines()
        return json.loads(done.stdout), [json.loads(line) for line in lines]


def calibration_error(decodes):
    """Expected calibration error of the best guess, and top-1, and the mean probability."""
    bins = [[0, 0.0, 0.0] for _ in range(BINS)]
    for decode in decodes:
        probability = decode["believed"]["best"][0]["probability"]
        place = bins[min(int(probability * BINS), BINS - 1)]
        place[0] += 1
        place[1] += decode["believed"]["truth_rank"] == 1
        place[2] += probability
    count = len(decodes)
    error = sum(abs(right - said) for _, right, said in bins) / count
    return error, sum(right for _, right, _ in bins) / count, sum(said for _, _, said in bins) / count


def of_control(name, document, decodes):
    """A row: the null twin, its e-process and both p-values."""
    control, evidence = document["control"], document["evidence"]
    low, high = binomial_interval(control["trials"], control["chance"])
    within = "within" if low <= control["hits"] <= high else "**outside**"
    share = control["hits"] / max(control["trials"], 1)
    cells = [name, f"{control['hits']} of {control['trials']} = {share:.4f}", f"{low}–{high}: {within}"]
    cells.append(f"{control['e_value']:.2f}, {control['e_highest']:.2f}, {'**alarm**' if control['succeeded'] else 'none'}")
    single = sorted(d["p_shown"] for d in decodes if d["k"] == 1 and d["p_shown"] is not None)
    cells.append(f"{single[len(single) // 2]:.3f}, {sum(p < 0.05 for p in single) / len(single):.2f}" if single else "–")
    # Where the control succeeds, evidence is withheld.
    cells.append(f"{evidence['median_p']:.3f}, {evidence['share_below_0_05']:.2f}" if evidence else "withheld")
    return cells


def by_k(name, decodes):
    """Rows: what the posterior said, and how often it was right."""
    rows = []
    for k in sorted({d["k"] for d in decodes if d["believed"]}):
        chosen = [d for d in decodes if d["k"] == k and d["believed"] and d["believed"]["truth_rank"]]
        if len(chosen) >= 100:
            error, right, said = calibration_error(chosen)
            better = sum(d["believed"]["better_than_noise"] for d in chosen) / len(chosen)
            rows.append([name, str(k), str(len(chosen)), f"{right:.3f}", f"{said:.3f}", f"{error:.3f}", f"{better:.3f}"])
    return rows


def misnamed(binary, windows, subjects):
    """A sentence: p of the shown picture where the picture named was drawn at random: single trials of several subjects."""
    found = []
    for subject in subjects:
        # The first have too few others to be compared with.
        trials = windows // len(subjects) + 80
        source = f"sim:subject={subject},repeats=1,speed=max,seconds={trials * SECONDS_A_TRIAL}"
        _, decodes = run(binary, f"faulty:mislabel=1,seed={subject}+{source}")
        found += [d["p_shown"] for d in decodes if d["k"] == 1 and d["p_shown"] is not None]
    distance, p = kolmogorov_smirnov(found)
    below = sum(value < 0.05 for value in found) / len(found)
    return (
        f"Pictures misnamed at random, subjects {', '.join(map(str, subjects))}: p of the shown picture in {len(found)} windows has"
        f" the median {sorted(found)[len(found) // 2]:.3f} and is below .05 in {below:.3f}; Kolmogorov–Smirnov distance from the"
        f" uniform distribution {distance:.4f}, p {p:.3f}."
    )


def null_runs(binary, runs, trials):
    """A sentence: how often the alarm is raised in runs in which nothing leaks."""
    highest = []
    for subject in range(FIRST_NULL_SUBJECT, FIRST_NULL_SUBJECT + runs):
        source = f"sim:subject={subject},speed=max,seconds={trials * SECONDS_A_TRIAL}"
        highest.append(run(binary, source)[0]["control"]["e_highest"])
    raised = sum(value >= ALARM for value in highest)
    return (
        f"{runs} runs of {trials} trials in which nothing leaks (subjects {FIRST_NULL_SUBJECT} to {FIRST_NULL_SUBJECT + runs - 1}):"
        f" alarm in {raised}; the highest e-value of a run: median {sorted(highest)[runs // 2]:.2f}, largest {max(highest):.2f}."
    )


def planted(binary, trials):
    """A sentence: the null twin fed with the window itself."""
    source = f"sim:subject=1,speed=max,seconds={trials * SECONDS_A_TRIAL}"
    _, decodes = run(binary, source, "--planted-leak")
    alarm = next((d["control"] for d in decodes if d["control"]["succeeded"]), None)
    if alarm is None:
        return f"Fed with the window itself on purpose: no alarm in {trials} trials."
    return f"Fed with the window itself on purpose: alarm after {alarm['trials']} trials, {alarm['runs']} runs of looks."


def table(head, rows):
    """Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def section(given):
    """The whole section, from runs of the program."""
    seconds = given.trials * SECONDS_A_TRIAL
    sources = {f"subject {s}": f"subject={s}" for s in given.subjects}
    sources["subject 1, 0 dB, 64 channels"] = "subject=1,snr=0,montage=biosemi64"
    control, told = [], []
    for name, source in sources.items():
        source = f"sim:{source},speed=max,seconds={seconds},repeats={given.repeats}"
        document, decodes = run(given.binary, source, *given.more)
        control.append(of_control(name, document, decodes))
        told += by_k(name, decodes)
        print(control[-1], told[-given.repeats :], file=sys.stderr)
    sentences = [planted(given.binary, 200)]
    if given.misnamed:
        sentences.append(misnamed(given.binary, given.misnamed, given.subjects))
    if given.null_runs:
        sentences.append(null_runs(given.binary, given.null_runs, given.null_trials))
    intro = (
        f"Written by `benches/peers/control.py`: the whole program, offline, {given.trials} trials a subject, each picture"
        f" {given.repeats} times in a row, −14 dB unless said. These are subjects that every user of the simulator meets; nothing"
        " was tuned by them here. Chance is 1 of 40."
    )
    head = ["Run", "null twin names the picture", "99 % of chance", "e-value now, highest, alarm"]
    first = table([*head, "p shown, single looks: median, share < .05", "p anything: median, share < .05"], control)
    second = table(["Run", "k", "decodes", "top-1", "mean probability", "ECE", "better than noise"], told)
    return "\n\n".join([HEAD, intro, first, *sentences, second]) + "\n"


def placed(report, text):
    """A report with this section in the place of an earlier one, or at the end."""
    parts = report.split("\n## ")
    parts = [parts[0], *("## " + part for part in parts[1:])]
    at = next((i for i, part in enumerate(parts) if part.splitlines()[0] == HEAD), len(parts))
    parts = [part.rstrip("\n") + "\n" for part in parts]
    return "\n".join([*parts[:at], text, *parts[at + 1 :]])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", default=ROOT / "target/release/phosphene")
    options.add_argument("--trials", type=int, default=7600)
    options.add_argument("--subjects", type=int, nargs="*", default=[1, 2, 3])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--misnamed", type=int, default=5000, help="windows whose pictures are misnamed")
    options.add_argument("--null-runs", type=int, default=200)
    options.add_argument("--null-trials", type=int, default=300)
    options.add_argument("--more", nargs="*", default=[], help="further arguments of `live`, as --encoder FILE")
    options.add_argument("--report", type=pathlib.Path, help="the file that gets the section, as models/demo/EVALUATION.md")
    given = options.parse_args()
    text = section(given)
    print(text)
    if given.report:
        report = given.report.read_text(encoding="utf-8")
        given.report.write_text(placed(report, text), encoding="utf-8")


if __name__ == "__main__":
    main()
