"""Trains and writes everything: `python models/training/train.py STAGE`.

Takes   a stage (`all` without an argument):
          layout     the image embedding: its projection, and its second half with a first regression
          decoder    latents → pictures
          stimuli    the forty stimuli, with their embeddings, into assets/stimuli
          eeg-epochs, encoder, eeg-errors, eeg-ablation, eeg-scores    the EEG encoder, see stages_eeg.py
          responses  the population model of responses, from the same epochs (responses.py)
          generator  prior with decoder, then denoiser, on embeddings as wrong as the EEG encoder's
          export     ONNX graphs, responses and pack.toml into models/demo, for every part that is trained
          answers, posterior-scores    how the exported encoder answers, and what that is worth, see stages_answers.py
          sampler, painted-scores      a sampler for pictures never seen; what is painted, and what that is worth, see
                     stages_painted.py
          evaluate   EVALUATION.md and the picture sheets into models/demo (`--part dev` while tuning: prints only)
          seeds      the headline with the seeds trained into work/seed2, work/seed3 … (seeds.py)
          report     EVALUATION.md again from what evaluate, eeg-scores, eeg-ablation and seeds measured
          all        all of these, in this order
Gives   the files named above; checkpoints in `--work`, from which a stopped run goes on.
Keeps   one seed fixes data order, initial weights and noise. `--quick` runs every stage in a few minutes on few
        pictures and steps, and writes below the work folder only: it tests the scripts, its models are useless.
"""

import argparse
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

import autoencoder
import doubt
import drawing
import embed
import evaluate
import export
import generator
import layout
import loop
import objectives
import pictures
import recall
import seeds
import split
import stages_answers
import stages_eeg
import stages_painted
import stimuli
from scorer import Scorer

REPOSITORY = Path(__file__).resolve().parents[2]
# Of two schedules the second starts where the first ended, with a fresh optimiser.
FULL = {
    "layout": (loop.Schedule(3000, 1.5e-3, ema=0.995), loop.Schedule(2000, 1e-3, ema=0.99)),
    "decoder": (loop.Schedule(3600, 2e-3, ema=0.995),),
    "drawing": (loop.Schedule(700, 1e-3, ema=0.99),),
    "recall": (loop.Schedule(300, 2e-3, weight_decay=0.0, ema=0.98),),
    "doubtful_drawing": (loop.Schedule(450, 7e-4, ema=0.99), loop.Schedule(250, 7e-4, ema=0.99)),
    "denoiser": (loop.Schedule(1000, 1.5e-3, ema=0.99),),
}
# Parts whose training takes longest, as trained from seed 1: weights in half precision.
KEPT = Path(__file__).parent / "checkpoints"
QUICK_STEPS, QUICK_CONCEPTS = 4, 12
CYCLE_SEED = 1000


class Run:
    """One run: options, folders, schedules, and the data that stages share (made when first asked for)."""

    def __init__(self, options):
        self.options = options
        self.work = options.work / "quick" if options.quick else options.work
        self.work.mkdir(parents=True, exist_ok=True)
        root = self.work / "out" if options.quick else REPOSITORY
        self.stimuli, self.pack = root / "assets/stimuli", root / "models/demo"
        for folder in (self.stimuli, self.pack / "gallery"):
            folder.mkdir(parents=True, exist_ok=True)
        self.seed = options.seed
        self.repository = REPOSITORY
        self._cache = {}

    def schedules(self, name):
        if self.options.quick:
            return [loop.Schedule(QUICK_STEPS, full.rate) for full in FULL[name]]
        share = self.options.share
        if share != 1.0:
            (self.work / "share.json").write_text(json.dumps(share))
        return [replace(full, steps=max(1, round(share * full.steps))) for full in FULL[name]]

    def checkpoint(self, name):
        return self.work / f"{name}.pt"

    def once(self, name, make):
        """The value of `make()`, made once."""
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]

    @property
    def pictures_folder(self):
        """Where the npm packages and what was drawn from them are."""
        return self.options.pictures or self.options.work / "pictures"

    @property
    def pictures(self):
        limit = QUICK_CONCEPTS if self.options.quick else None
        return self.once("pictures", lambda: pictures.load(self.pictures_folder, limit))

    @property
    def images(self):
        """All pictures, u8 [n, 3, 128, 128]."""
        return self.once("images", lambda: torch.from_numpy(self.pictures.pixels).permute(0, 3, 1, 2).contiguous())

    @property
    def split(self):
        return self.once("split", lambda: split.make(self.pictures))

    @property
    def favoured(self):
        """Positions of the stimuli among the training pictures."""
        return torch.tensor([self.split.train.index(row) for row in self.split.stimuli])

    @property
    def patches(self):
        def fit():
            chosen = self.images[self.split.train[:: autoencoder.FIT_STRIDE]]
            return autoencoder.Patches().fit(chosen.float() / 255.0)

        return self.once("patches", fit)

    @property
    def what(self):
        return self.once("what", lambda: embed.fit_what(self.pictures, self.split, self.features))

    @property
    def image_encoder(self):
        """The whole image encoder, from the trained layout."""

        def build():
            found = embed.ImageEncoder()
            found.what.load_state_dict(self.what.state_dict())
            found.patches.load_state_dict(self.patches.state_dict())
            found.where.load_state_dict(train_layout(self).where.state_dict())
            latents = autoencoder.encode(self.patches, self.images[self.split.train])
            with torch.inference_mode():
                codes = torch.cat([found.where.code(part) for part in latents.split(256)])
            found.where.level(codes.clone())
            return found.eval().requires_grad_(False)

        return self.once("image_encoder", build)

    @property
    def embeddings(self):
        """Unit embeddings of all pictures, f32 [n, 256]."""
        return self.once("embeddings", lambda: embed.embed_all(self.image_encoder, self.features, self.images))

    @property
    def gallery(self):
        """Embeddings of the forty stimuli as written, f32 [40, 256]."""
        return load_file(self.stimuli / "embeddings.safetensors")["embeddings"]

    @property
    def features(self):
        """Pooled features of all pictures, f32 [n, 1280]; kept in a file, as they take minutes."""
        return self.once("features", self._features)

    def train(self, name, module, loss_of):
        kept = KEPT / f"{name}.safetensors"
        if kept.exists() and not self.options.quick and not self.options.afresh:
            module.load_state_dict({key: value.float() for key, value in load_file(kept).items()})
            return module.eval()
        for cycle, schedule in enumerate(self.schedules(name)):
            checkpoint = self.checkpoint(f"{name}_again" if cycle else name)
            loop.train(module, loss_of, schedule, checkpoint, self.seed + CYCLE_SEED * cycle)
        return module

    def seeded(self, make):
        """A module whose initial weights depend on the seed only."""
        torch.manual_seed(self.seed)
        return make()

    def _features(self):
        path, digest = self.work / "features.pt", self.pictures.digest()
        if path.exists():
            kept = torch.load(path, weights_only=True)
            if kept["digest"] == digest:
                return kept["features"]
        features = embed.features_of(embed.What(), self.images)
        torch.save({"digest": digest, "features": features}, path)
        return features


def train_layout(run):
    """The second half of the image embedding, with the regression that was trained beside it."""

    def train():
        training = run.images[run.split.train]
        model = run.seeded(lambda: layout.Layout(run.patches))
        model.start_from_components(autoencoder.encode(run.patches, training))
        what = run.what.project(run.features[run.split.train])
        return run.train("layout", model, layout.loss_function(model, training, what, run.favoured))

    return run.once("layout", train)


def train_decoder(run):
    def train():
        model = run.seeded(lambda: autoencoder.Decoder(run.patches))
        training = run.images[run.split.train]
        return run.train("decoder", model, autoencoder.loss_function(model, training, run.favoured))

    return run.once("decoder", train)


def material(run):
    """What prior and denoiser are trained on; with the EEG encoder's own errors once there are some."""
    path = run.work / "errors.safetensors"
    position = {row: index for index, row in enumerate(run.split.train)}
    return objectives.Material(
        images=run.images[run.split.train],
        embeddings=run.embeddings[run.split.train],
        encoder=run.image_encoder,
        favoured=run.favoured,
        errors=doubt.Errors.load(path, position) if path.exists() else None,
    )


def train_recall(run):
    """What the EEG encoder's answers are taken for."""
    given = material(run)
    if given.errors is None:
        raise SystemExit("the EEG encoder's errors are not there yet: run the eeg-errors stage first")
    model = run.seeded(recall.Recall).remember(given.embeddings, given.favoured, run.seed)
    return run.train("recall", model, recall.loss_function(model, given.embeddings, given.errors))


def train_drawing(run):
    """The regression: prior and decoder together, from what the layout and the decoder learned by themselves. The EEG
    encoder's own errors join late, so that most of it can be trained beside that encoder."""

    def train():
        prior = generator.Prior()
        prior.load_state_dict(train_layout(run).prior.state_dict())
        prior.follow(run.image_encoder.where)
        decoder = autoencoder.Decoder(run.patches)
        decoder.load_state_dict(train_decoder(run).state_dict())
        model = drawing.Drawing(prior, decoder)
        run.train("drawing", model, drawing.loss_function(model, replace(material(run), errors=None)))
        model.prior = recall.RecallingPrior(train_recall(run).requires_grad_(False), prior)
        return run.train("doubtful_drawing", model, drawing.loss_function(model, material(run)))

    return run.once("drawing", train)


def train_denoiser(run):
    def train():
        regression = train_drawing(run).requires_grad_(False)
        model = run.seeded(generator.Denoiser)
        return run.train("denoiser", model, objectives.denoiser_loss(model, regression, material(run)))

    return run.once("denoiser", train)


def train_generator(run):
    """(decoder, prior, denoiser), trained or taken from finished checkpoints."""
    regression = train_drawing(run)
    return regression.decoder, regression.prior, train_denoiser(run)


def write_stimuli(run):
    stimuli.write(run.stimuli, run.pictures, run.split, run.image_encoder)


def export_pack(run):
    """Exports every part, the gallery and the manifest; parts whose training is not finished are trained first."""
    decoder, prior, denoiser = train_generator(run)
    parts = {
        "encoder.onnx": stages_eeg.load_encoder(run),
        "image_encoder.onnx": run.image_encoder,
        "prior.onnx": prior,
        "denoiser.onnx": denoiser,
        "decoder.onnx": autoencoder.ClampedDecoder(decoder),
    }
    for name, module in parts.items():
        if module is not None:
            print(name, export.export_graph(module, run.pack / name), flush=True)
    shutil.copyfile(run.stimuli / "embeddings.safetensors", run.pack / export.GALLERY_FILE)
    if stages_eeg.responses_path(run).exists():
        shutil.copyfile(stages_eeg.responses_path(run), run.pack / export.RESPONSES_FILE)
    export.write_manifest(run.pack, run.seed, stages_eeg.quality(run), stages_eeg.expected(run), stages_eeg.sureness(run))


def evaluate_pack(run):
    evaluate.measure(run, train_generator(run))
    report(run)


def compare_seeds(run):
    seeds.write(run, Scorer.load(run.options.scorer) if run.options.scorer else None, evaluate.MOST_PICTURES, evaluate.WAYS)


def report(run):
    evaluate.report(run, stages_eeg.report(run), stages_answers.report(run) + "\n" + stages_painted.report(run))


def everything(run):
    write_stimuli(run)
    train_decoder(run)
    if not run.options.quick:
        stages_eeg.write_epochs(run)
    stages_eeg.train_encoder(run)
    stages_eeg.write_responses(run)
    stages_eeg.write_errors(run)
    train_generator(run)
    stages_eeg.STAGES["eeg-ablation"](run)
    stages_eeg.write_scores(run)
    export_pack(run)
    stages_answers.write_answers(run)
    stages_answers.write_scores(run)
    stages_painted.train_sampler(run)
    stages_painted.write_scores(run)
    compare_seeds(run)
    evaluate_pack(run)


STAGES = {
    "layout": train_layout,
    "decoder": train_decoder,
    "stimuli": write_stimuli,
    "generator": train_generator,
    "export": export_pack,
    "evaluate": evaluate_pack,
    "seeds": compare_seeds,
    "report": report,
    "all": everything,
} | stages_eeg.STAGES | stages_answers.STAGES | stages_painted.STAGES


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", nargs="?", default="all", choices=STAGES)
    parser.add_argument("--pictures", type=Path, help="folder for the npm packages and what is drawn from them")
    parser.add_argument("--epochs", type=Path, help="folder of epochs files [default: epochs in the work folder]")
    parser.add_argument("--simulator", help="command that writes training epochs [default: cargo run …]")
    parser.add_argument("--scorer", type=Path, help="folder with the independent networks, for evaluate")
    parser.add_argument("--part", choices=("dev", "test"), default="test", help="what evaluate judges")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work", help="folder for checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="train the generator for this share of its steps")
    parser.add_argument("--afresh", action="store_true", help="train also the parts that are in checkpoints/")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    STAGES[chosen.stage](Run(chosen))


if __name__ == "__main__":
    main()
