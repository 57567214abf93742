"""Is the control a control, and is the picture worth what it says? Long runs of the whole program.

Takes   a binary of phosphene, subjects, and how many trials to run for each.
Gives   for each subject at -14 dB and for 0 dB with 64 channels: how often the null twin names the picture, beside the
        99 % binomial interval of chance; the e-process of the control (now, highest, whether it raised the alarm); p of the
        shown picture (median, share below 0.05); p that there is anything; top-1 by k with the mean probability of the best
        guess; expected calibration error (ten bins of equal width) of the told pictures at each k. Then the null twin fed
        with the window itself on purpose: after how many trials the alarm comes.
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


def report(name, document, decodes):
    control = document["control"]
    low, high = binomial_interval(control["trials"], control["chance"])
    verdict = "within" if low <= control["hits"] <= high else "OUTSIDE"
    share = control["hits"] / max(control["trials"], 1)
    print(f"\n{name}")
    print(f"  null twin names the picture   {control['hits']} of {control['trials']} = {share:.4f} (chance {control['chance']:.3f};"
          f" 99 % of chance {low}–{high}: {verdict})")
    print(f"  e-process                     now {control['e_value']:.3f}, highest {control['e_highest']:.2f},"
          f" alarm {control['succeeded']}")
    shown, evidence = document["evidence"]["shown"], document["evidence"]
    single = sorted(d["p_shown"] for d in decodes if d["k"] == 1 and d["p_shown"] is not None)
    if single:
        below = sum(p < 0.05 for p in single) / len(single)
        print(f"  p of the shown picture, k=1   median {single[len(single) // 2]:.4f}, below 0.05 in {below:.3f} of {len(single)}")
    print(f"  … all k                       median {shown['median_p']}, below 0.05 {shown['share_below_0_05']}")
    print(f"  p that there is anything      median {evidence['median_p']}, below 0.05 {evidence['share_below_0_05']}")
    for k in sorted({d["k"] for d in decodes if d["believed"]}):
        chosen = [d for d in decodes if d["k"] == k and d["believed"] and d["believed"]["truth_rank"]]
        if len(chosen) >= 100:
            error, right, said = calibration_error(chosen)
            better = sum(d["believed"]["better_than_noise"] for d in chosen) / len(chosen)
            print(f"  k = {k:<3} {len(chosen):>5} decodes         top-1 {right:.3f}, mean probability {said:.3f}, calibration error"
                  f" {error:.3f}, better than noise {better:.3f}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", default=ROOT / "target/release/phosphene")
    options.add_argument("--trials", type=int, default=7600)
    options.add_argument("--subjects", type=int, nargs="*", default=[1, 2, 3])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--more", nargs="*", default=[], help="further arguments of `live`, as --encoder FILE")
    given = options.parse_args()
    seconds = given.trials * SECONDS_A_TRIAL
    for subject in given.subjects:
        source = f"sim:subject={subject},speed=max,seconds={seconds},repeats={given.repeats}"
        report(f"subject {subject}, -14 dB", *run(given.binary, source, *given.more))
    source = f"sim:subject=1,snr=0,montage=biosemi64,speed=max,seconds={seconds},repeats={given.repeats}"
    report("subject 1, 0 dB, 64 channels", *run(given.binary, source, *given.more))
    source = f"sim:subject=1,speed=max,seconds={200 * SECONDS_A_TRIAL}"
    _, decodes = run(given.binary, source, "--planted-leak")
    alarm = next((d["control"]["trials"] for d in decodes if d["control"]["succeeded"]), None)
    print(f"\nfed with the window itself: alarm after {alarm} trials")


if __name__ == "__main__":
    main()
