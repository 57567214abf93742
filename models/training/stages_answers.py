"""The stages of `train.py` that say how the pack's encoder answers, and how far its posterior can be believed.

Takes   a `Run` of train.py whose pack holds encoder.onnx (after `export`); the simulator.
          answers            fits the answer model, writes it and all remembered embeddings into the pack
          posterior-scores   the posterior of the pack's answer model on test subjects: once, at the end
Gives   `answers.safetensors`, `gallery/remembered.safetensors` and the manifest in the pack; `answers.json` and
        `posterior_scores.json` in the work folder.
Keeps   the model is fitted to strangers of the encoder (role "errors"), its temperatures to development subjects. The
        test subjects 1501 to 1540 were named before the first of them was simulated.
"""

import json
from dataclasses import replace

import answers_data
import answers_fit
import answers_judge
import eeg_training
import export
import posterior_report
import remembered
from answers import AnswerModel
from answers_data import Plan

# Many people rather than many trials: how one person differs is linear in the embedding too, and only people average it.
FIT = {
    "fit_forty": Plan("errors", 421, 720, "forty", 40, 120, seed=21),
    "fit_remembered": Plan("errors", 421, 720, "remembered", 600, 1200, seed=22),
}
# Windows without information: hardly any signal, and trials whose phases were turned.
NOTHING = {
    "nothing_faint": Plan("errors", 421, 480, "forty", 40, 400, seed=23, snr_db=-40.0),
    "nothing_turned": Plan("errors", 421, 480, "forty", 40, 400, seed=24, randomised=True),
}
# Many pictures for 20 repeats, and few ("deep") for 80.
DEVELOPMENT = {
    "development_forty": Plan("development", 921, 960, "forty", 40, 800, seed=34),
    "development_remembered": Plan("development", 921, 960, "remembered", 40, 800, seed=35),
    "development_unseen": Plan("development", 921, 960, "unseen", 40, 800, seed=36),
    "development_forty_deep": Plan("development", 921, 960, "forty", 10, 800, seed=37),
    "development_remembered_deep": Plan("development", 921, 960, "remembered", 10, 800, seed=38),
    "development_unseen_deep": Plan("development", 921, 960, "unseen", 10, 800, seed=39),
}
# More trials than for development: an error of calibration looks larger where it is counted over few.
TEST = {
    "test_forty": Plan("test", 1501, 1540, "forty", 40, 1600, seed=91),
    "test_remembered": Plan("test", 1501, 1540, "remembered", 80, 1600, seed=92),
    "test_unseen": Plan("test", 1501, 1540, "unseen", 80, 1600, seed=93),
    "test_forty_deep": Plan("test", 1501, 1540, "forty", 20, 1600, seed=94),
    "test_remembered_deep": Plan("test", 1501, 1540, "remembered", 20, 1600, seed=95),
    "test_unseen_deep": Plan("test", 1501, 1540, "unseen", 20, 1600, seed=96),
}
TEST_NOTHING = {
    "test_nothing_faint": Plan("test", 1501, 1540, "forty", 40, 400, seed=97, snr_db=-40.0),
    "test_nothing_turned": Plan("test", 1501, 1540, "forty", 40, 400, seed=98, randomised=True),
}
CALIBRATED_AT = (1, 2, 3, 5, 10, 20, 40, 80)
DANGER_AT = (1, 3, 10)


def pool(run, plan):
    """Rows of the picture set that a plan chooses from."""
    if plan.pool == "unseen":
        held_out = run.split.held_out("test" if plan.role == "test" else "dev")["unseen concepts"]
        return held_out or run.split.train  # a quick run holds few pictures out
    return run.split.stimuli if plan.pool == "forty" else run.split.train


def gathered(run, plans):
    """{name: `Answers`} of some plans."""
    return {name: answers_data.answers(run, name, plan, pool(run, plan)) for name, plan in plans.items()}


def repeats(run, plans):
    """`Repeats` of plans whose names end with a pool, or with a pool and "_deep"."""
    sources = {}
    for name, found in gathered(run, plans).items():
        sources.setdefault(plans[name].pool, []).append(found)
    return answers_judge.Repeats(sources)


def write_answers(run):
    """Fits the answer model and writes it and the remembered embeddings into the pack, and the manifest again."""
    count = remembered.write(
        run.pack / export.REMEMBERED_FILE, run.pictures, run.split, run.embeddings, run.pictures_folder
    )
    embeddings = run.embeddings.double().numpy()
    trials = answers_data.joined(list(gathered(run, FIT).values()))
    model = answers_fit.fit(trials, embeddings, embeddings[run.split.train])
    scopes = answers_judge.galleries(run)
    ks = CALIBRATED_AT[:3] if run.options.quick else CALIBRATED_AT
    model = replace(model, temperature=answers_judge.temperatures(model, repeats(run, DEVELOPMENT), scopes, ks))
    model, danger = with_most_dangerous(run, model, scopes)
    model.save(run.pack / export.ANSWERS_FILE, metadata(run, trials))
    facts = {"remembered": count, "temperature": model.temperature.tolist(), "danger": danger}
    eeg_training.write(run, "answers.json", facts)
    export.renew_manifest(run.pack)
    print(json.dumps(facts, indent=1))


def with_most_dangerous(run, model, scopes):
    """The model with that kind of windows without information from which more is gained, in the mean over scopes and
    k; and the mean gains in bits of each kind, {kind: {scope: [gain at each of DANGER_AT]}}."""
    danger = {}
    found = gathered(run, NOTHING)
    for kind, windows in found.items():
        danger[kind] = {scope: [] for scope in scopes}
        for scope, gallery in scopes.items():
            for k in DANGER_AT:
                seen = answers_judge.whatever_was_seen(model, windows, k)
                danger[kind][scope].append(float(answers_judge.gains(model, seen, scope, gallery).mean()))
    worst = max(danger, key=lambda kind: sum(map(sum, danger[kind].values())))
    return answers_fit.with_nothing(model, found[worst]), danger | {"taken": worst}


def metadata(run, trials):
    """What answers.safetensors says of itself."""
    fitted, tuned = FIT["fit_forty"], DEVELOPMENT["development_forty"]
    return {
        "encoder_sha256": answers_data.encoder_sha256(run.pack),
        "source": "Answers of the pack's encoder to simulated subjects that it was not trained on, at -14 dB.",
        "subjects": f"{fitted.first}-{fitted.last}; temperatures: {tuned.first}-{tuned.last}",
        "trials": str(len(trials)),
        "simulated": "true",
    }


def write_scores(run):
    """The posterior of the pack's answer model on test subjects (`--part dev`: on development subjects, printed only)."""
    judged, nothing = (TEST, TEST_NOTHING) if run.options.part == "test" else (DEVELOPMENT, NOTHING)
    model, scopes = AnswerModel.load(run.pack / export.ANSWERS_FILE), answers_judge.galleries(run)
    # The pictures as the pack lists them, which is in half precision.
    scopes["remembered"].embeddings = remembered.read(run.pack / export.REMEMBERED_FILE)
    ks = posterior_report.REPEATS[:3] if run.options.quick else posterior_report.REPEATS
    without = {name.rsplit("_", 1)[1]: found for name, found in gathered(run, nothing).items()}
    kept = posterior_report.measure(model, repeats(run, judged), scopes, without, ks)
    people = [next(iter(plans.values())) for plans in (judged, FIT, DEVELOPMENT)]
    kept["facts"] = dict(zip(("subjects", "fitted", "tuned"), (f"{plan.first} to {plan.last}" for plan in people)))
    kept["facts"] |= {"pictures": len(scopes["remembered"]), "told": len(scopes["told"])}
    if run.options.part == "test":
        eeg_training.write(run, "posterior_scores.json", kept)
        place_report(run)
    print(posterior_report.markdown(kept))


def report(run):
    """The section of EVALUATION.md, from what `posterior-scores` measured; says what is not measured yet."""
    path = run.work / "posterior_scores.json"
    if not path.exists():
        return posterior_report.HEAD + "\n\nNot scored yet: run `train.py posterior-scores`.\n"
    return posterior_report.markdown(json.loads(path.read_text()))


def place_report(run):
    """Puts the section into the EVALUATION.md that is there."""
    path = run.pack / "EVALUATION.md"
    if path.exists():
        text = posterior_report.placed(path.read_text(encoding="utf-8"), report(run))
        path.write_text(text, encoding="utf-8")


STAGES = {"answers": write_answers, "posterior-scores": write_scores}
