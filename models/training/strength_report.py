"""What strength.py measured, as figures and as Markdown: which signal-to-noise ratios the presets stand for.

Takes   one dictionary for each wearer, as `strength.measure` gives it, and the settings.
Gives   `facts`, a dictionary for JSON: levels, presets, what every wearer gave; `markdown` of it.
Keeps   every figure is the median wearer's, with a 95 % interval (whole wearers drawn with replacement, Efron & Tibshirani
        1993); levels are found by d′, interpolated straight between neighbouring levels; chance stands beside the scores.
"""

import numpy as np

import choice
from eeg_data import DEFAULT_SNR_DB
from intervals import DRAWS, LEVEL

# Top-1 among 200 after averaging 80 repetitions, mean over ten persons, each with an encoder of their own.
PUBLISHED = {"NICE": 0.156, "ATM": 0.31}
WEAK_SHARE = 0.5
STEP_DB = 0.5
MOST_RIGHT = 0.99


def facts(everyone, settings):
    """All figures; `everyone` are the wearers."""
    levels = [row["snr_db"] for row in everyone[0]["levels"]]
    tables = {name: _table(everyone, *path) for name, path in _figures(settings).items()}
    rows = [
        {"snr_db": level, "weaker_than_demo": weaker(level)}
        | {name: _median(values[at]) for name, values in tables.items()}
        for at, level in enumerate(levels)
    ]
    presets = {
        name: _preset(dprime, levels, tables, settings) for name, dprime in targets(settings).items()
    }
    return {"published": PUBLISHED, "settings": settings, "presets": presets, "levels": rows, "wearers": everyone}


def targets(settings):
    """{preset: d′ of the average over all repetitions that its median wearer reaches}."""
    ways = settings["test_pictures"]
    middle = np.prod(list(PUBLISHED.values())) ** (1.0 / len(PUBLISHED))
    return {"published": choice.dprime(middle, ways), "weak": WEAK_SHARE * choice.dprime(PUBLISHED["NICE"], ways)}


def weaker(snr_db):
    """How many times as strong as at this level the default is."""
    return {"amplitude": 10.0 ** ((DEFAULT_SNR_DB - snr_db) / 20.0), "power": 10.0 ** ((DEFAULT_SNR_DB - snr_db) / 10.0)}


def level_where(levels, dprime, target):
    """The level in dB at which d′ [levels] reaches the target, straight between neighbours; None outside. Where d′ falls
    although the level rises, the higher value before it counts."""
    order = np.argsort(levels)
    rising = np.maximum.accumulate(np.asarray(dprime, dtype=np.float64)[order])
    if not rising[0] <= target <= rising[-1]:
        return None
    return float(np.interp(target, rising, np.asarray(levels, dtype=np.float64)[order]))


def _figures(settings):
    """{name of a figure: where it stands in a wearer's row}."""
    most = str(settings["repetitions"])
    named = {f"top1_k{k}": (k, "top1") for k in ("1", "10", most)}
    named |= {f"dprime_per_look_k{k}": (k, "dprime_per_look") for k in ("1", "10", most)}
    return named | {"top1_of_40_k1": ("1", "top1_of_40")}


def _table(everyone, k, name):
    """f64 [levels, wearers] of one figure."""
    return np.array([[row["looks"][k][name] for row in wearer["levels"]] for wearer in everyone]).T


def _draws(count):
    """Which wearers each resample holds: i64 [DRAWS, count]."""
    return np.random.default_rng(1).integers(count, size=(DRAWS, count))


def _interval(values):
    return [float(end) for end in np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])]


def _median(values):
    """{median, low, high} of f64 [wearers]."""
    low, high = _interval(np.median(values[_draws(len(values))], axis=1))
    return {"median": float(np.median(values)), "low": low, "high": high}


def _preset(target, levels, tables, settings):
    """Where the median wearer reaches this d′ after all repetitions, and what it gives there."""
    per_look = tables[f"dprime_per_look_k{settings['repetitions']}"]
    wanted = target / settings["repetitions"] ** 0.5
    found = level_where(levels, np.median(per_look, axis=1), wanted)
    if found is None:
        raise ValueError(f"no level between {min(levels)} and {max(levels)} dB gives d′ {wanted:.3f} a look")
    drawn = [np.median(per_look[:, draw], axis=1) for draw in _draws(per_look.shape[1])]
    ends = [level_where(levels, dprime, wanted) for dprime in drawn]
    rounded = round(found / STEP_DB) * STEP_DB
    order = np.argsort(levels)
    there = {
        name: float(np.interp(rounded, np.array(levels)[order], np.median(values, axis=1)[order]))
        for name, values in tables.items()
    }
    return {
        "dprime": target,
        "dprime_per_look": wanted,
        "top1": choice.top1(target, settings["test_pictures"]),
        "snr_db": found,
        "interval_db": _interval([min(levels) if end is None else end for end in ends]),
        "wearers_db": [level_where(levels, own, wanted) for own in per_look.T],
        "rounded_db": rounded,
        "weaker_than_demo": weaker(rounded),
        "at_rounded": there,
    }


def markdown(kept):
    """The page."""
    used, presets = kept["settings"], kept["presets"]
    ways = used["test_pictures"]
    dprimes = {name: choice.dprime(share, ways) for name, share in kept["published"].items()}
    least = min(row["snr_db"] for row in kept["levels"])
    numbers = [wearer["wearer"] for wearer in kept["wearers"]]
    kinds = [row["encoder"][0] for wearer in kept["wearers"] for row in wearer["levels"]]
    return TEXT.format(
        first=numbers[0],
        last=numbers[-1],
        count=len(numbers),
        presets="\n".join(_preset_line(name, found, least) for name, found in presets.items()),
        levels="\n".join(_level_line(row, used) for row in kept["levels"]),
        nice_dprime=dprimes["NICE"],
        atm_dprime=dprimes["ATM"],
        nice_look=dprimes["NICE"] / used["repetitions"] ** 0.5,
        atm_look=dprimes["ATM"] / used["repetitions"] ** 0.5,
        nice=kept["published"]["NICE"],
        atm=kept["published"]["ATM"],
        target=presets["published"]["top1"],
        weak=presets["weak"]["top1"],
        apart=_apart(kept),
        repeats=used["training_trials"] / used["training_pictures"],
        decoding=kinds.count("decoding"),
        fits=len(kinds),
        judged=used["averages"] * ways,
        error=max(wearer["error_uv"] for wearer in kept["wearers"]),
        chance=1.0 / ways,
        **used,
    )


def _preset_line(name, found, least):
    low, high = found["interval_db"]
    # The highest level is far above both presets: a wearer without a level of their own needs less than the least.
    own = [f"{level:.1f}" if level is not None else f"below {least}" for level in sorted(found["wearers_db"], key=_last)]
    times = found["weaker_than_demo"]
    there = found["at_rounded"]
    cells = [
        f"`{name}`",
        f"**{found['rounded_db']:g}**",
        f"{found['snr_db']:.2f} [{low:.2f}, {high:.2f}]",
        " ".join(own),
        f"{found['dprime_per_look']:.3f}",
        f"{there['top1_of_40_k1']:.3f}",
        f"{times['amplitude']:.1f} / {times['power']:.0f}",
    ]
    return "| " + " | ".join(cells).replace("-", "−") + " |"


def _last(level):
    return float("-inf") if level is None else level


def _level_line(row, used):
    most = used["repetitions"]
    names = [f"top1_k{k}" for k in (1, 10, most)] + ["top1_of_40_k1", f"dprime_per_look_k{most}"]
    cells = [_cell(row[name], name, row) for name in names]
    fewer = ("dprime_per_look_k1", "dprime_per_look_k10")
    cells.append(" / ".join(_cell(row[name], name, row).split(" ")[0] for name in fewer))
    times = row["weaker_than_demo"]
    line = [f"{row['snr_db']:g}", *cells, f"{times['amplitude']:.1f} / {times['power']:.0f}"]
    return "| " + " | ".join(line).replace("-", "−") + " |"


def _cell(found, name, row):
    """"median [low, high]"; a dash for a d′ that cannot be told, as nearly all were right."""
    if name.startswith("dprime") and row[name.replace("dprime_per_look", "top1")]["median"] > MOST_RIGHT:
        return "–"
    return f"{found['median']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def _apart(kept):
    """How many dB the easiest and the hardest wearer lie apart at published strength."""
    own = [level for level in kept["presets"]["published"]["wearers_db"] if level is not None]
    return max(own) - min(own)


TEXT = """\
# How strongly recorded people answer, on the simulated wearer's scale

Written by `python models/training/strength.py`; all figures, each wearer's too, are in `strength.json`. Simulated wearers
{first}–{last} ({count}), 16 channels, whom nothing else uses. Each has a plain linear encoder of their own, fitted to
{training_trials} single trials ({training_pictures} drawings, {repeats:.1f} times each) and judged on {test_pictures} drawings of other concepts: which of
the {test_pictures} it was, k trials averaged ({judged} averages of {repetitions} for each wearer; chance {chance:.3f}). Median wearer [95 % interval: whole
wearers drawn with replacement].

People: decoders of THINGS-EEG2, each fitted to one person's 66 160 single trials, name the picture among 200 after averaging
80 repetitions in {nice} (NICE) and {atm} (ATM) of cases: d′ {nice_dprime:.2f} and {atm_dprime:.2f}, {nice_look:.3f} and {atm_look:.3f} a look. `published` is where the
median wearer reaches the geometric middle of both shares, {target:.3f}; `weak` where d′ is half of NICE's (share {weak:.3f}). Found by d′,
straight between levels.

| Preset | dB, rounded | dB | each wearer's own, dB | d′ a look | 40-way, k = 1, there | `demo` is stronger: amplitude / power |
|---|---|---|---|---|---|---|
{presets}

| dB | 200-way, k = 1 | 200-way, k = 10 | 200-way, k = {repetitions} | 40-way, k = 1 | d′ a look, from k = {repetitions} | … from k = 1 / 10 | `demo` is stronger: amplitude / power |
|---|---|---|---|---|---|---|---|
{levels}

- ATM's share is read off a bar chart, and its published code chooses the checkpoint by the test pictures; both shares are means
  over ten persons.
- d′ grows a little slower than √k where answers are strong: a look gives more by the scores at k = 1 than by those at k = {repetitions}.
  The presets are set at k = {repetitions}, as the published figures are.
- Chance among 40 is .025: the true picture and 39 others of the {test_pictures}, the mean over all draws.
- Wearers differ: the same share asks for levels {apart:.1f} dB apart.
- Encoder and ridge are chosen on training pictures ({folds} folds): in {decoding} of {fits} fits ridge regression of the embedding on
  the signal with whitened channels, else an encoding model inverted by its noise's covariance.
- All levels are the same session with another gain; the simulator's own epochs at another level differ from that by
  {error:.1e} µV at most.
- Not as in the recordings: 16 channels instead of 63, a picture every 0.8 s instead of every 0.2 s, drawings instead of
  photographs with fewer of them shown more often, one long session instead of four, and pictures evoke what is linear in the very
  embedding that is regressed on. The presets match what is told after as many trials, not why.
"""
