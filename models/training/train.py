"""Trains and writes everything: `python models/training/train.py STAGE`.

Takes   a stage (`all` without an argument):
          stimuli    the forty stimuli, with their embeddings, into assets/stimuli
          generator  autoencoder, prior and denoiser, from pictures
          eeg-epochs, encoder, eeg-ablation, eeg-scores    the EEG encoder, see stages_eeg.py
          export     ONNX graphs and pack.toml into models/demo, for every part that is trained
          evaluate   EVALUATION.md and the picture sheet into models/demo
          all        stimuli, generator, EEG epochs, encoder and its scores, export, evaluate
Gives   the files named above; checkpoints in `--work`, from which a stopped run goes on.
Keeps   one seed fixes data order, initial weights and noise. `--quick` runs every stage in a minute or two on few
        pictures and steps, and writes below the work folder only: it tests the scripts, its models are useless.
"""

import argparse
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file

import autoencoder
import embed
import evaluate
import export
import generator
import loop
import pictures
import split
import stages_eeg
import stimuli

REPOSITORY = Path(__file__).resolve().parents[2]
FULL = {
    "autoencoder": loop.Schedule(450, 2e-3, ema=0.99),
    "prior": loop.Schedule(1800, 2e-3, weight_decay=0.001, ema=0.99),
    "flow": loop.Schedule(650, 2e-3, ema=0.99),
}
QUICK_STEPS, QUICK_PICTURES = 4, 12


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

    def schedule(self, name):
        full = FULL[name]
        return loop.Schedule(QUICK_STEPS, full.rate) if self.options.quick else full

    def checkpoint(self, name):
        return self.work / f"{name}.pt"

    def once(self, name, make):
        """The value of `make()`, made once."""
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]

    @property
    def pictures(self):
        def load():
            folder = self.options.pictures or pictures.fetch(self.options.work / "pictures")
            return pictures.load(folder, QUICK_PICTURES if self.options.quick else None)

        return self.once("pictures", load)

    @property
    def images(self):
        return self.once("images", lambda: torch.from_numpy(self.pictures.floats()))

    @property
    def split(self):
        return self.once("split", lambda: split.make(self.pictures, self.seed))

    @property
    def image_encoder(self):
        return self.once("image_encoder", self._fit_image_encoder)

    @property
    def embeddings(self):
        """Unit embeddings of all pictures, f32 [n, 128]."""
        return self.once("embeddings", lambda: self.image_encoder.project(self._features()))

    @property
    def gallery(self):
        """Embeddings of the forty stimuli as written, f32 [40, 128]."""
        return load_file(self.stimuli / "embeddings.safetensors")["embeddings"]

    def train(self, name, module, loss_of):
        return loop.train(module, loss_of, self.schedule(name), self.checkpoint(name), self.seed)

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
        features = embed.features_of(embed.ImageEncoder(), self.images)
        torch.save({"digest": digest, "features": features}, path)
        return features

    def _fit_image_encoder(self):
        fitted = embed.fit_encoder(self.pictures, self.split, self._features())
        torch.save(fitted.state_dict(), self.checkpoint("image_encoder"))
        return fitted


def train_autoencoder(run):
    model = run.seeded(autoencoder.Autoencoder)
    training = run.images[run.split.train]
    autoencoder.start_from_patches(model, training[::2])
    favoured = [run.split.train.index(row) for row in run.split.stimuli]
    return run.train("autoencoder", model, autoencoder.loss_function(model, training, favoured))


def train_generator(run):
    """Returns (autoencoder, prior, denoiser), trained or taken from finished checkpoints."""
    codec = train_autoencoder(run)
    latents = autoencoder.encode(codec, run.images[run.split.train])
    favoured = [run.split.train.index(row) for row in run.split.stimuli]
    sampler = generator.Sampler(run.embeddings[run.split.train], latents, favoured)
    prior = run.seeded(generator.Prior)
    run.train("prior", prior, generator.prior_loss(prior, sampler))
    denoiser = run.seeded(generator.Denoiser)
    run.train("flow", denoiser, generator.flow_loss(denoiser, prior, sampler))
    return codec, prior, denoiser


def write_stimuli(run):
    stimuli.write(run.stimuli, run.pictures, run.split, run.image_encoder)


def load_trained(run, name, make):
    """A trained module, or None if its training is not finished."""
    path = run.checkpoint(name)
    if not path.exists():
        return None
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["step"] < run.schedule(name).steps:
        return None
    module = make()
    module.load_state_dict(state["average"])
    return module.eval()


def load_image_encoder(run):
    """The fitted image encoder from its checkpoint, or None."""
    if not run.checkpoint("image_encoder").exists():
        return None
    fitted = embed.ImageEncoder()
    fitted.load_state_dict(torch.load(run.checkpoint("image_encoder"), weights_only=True))
    return fitted


def export_pack(run):
    """Exports every trained part, the gallery and the manifest."""
    codec = load_trained(run, "autoencoder", autoencoder.Autoencoder)
    parts = {
        "encoder.onnx": stages_eeg.load_encoder(run),
        "image_encoder.onnx": load_image_encoder(run),
        "prior.onnx": load_trained(run, "prior", generator.Prior),
        "denoiser.onnx": load_trained(run, "flow", generator.Denoiser),
        "decoder.onnx": autoencoder.ClampedDecoder(codec.decoder) if codec else None,
    }
    for name, module in parts.items():
        if module is not None:
            print(name, export.export_graph(module, run.pack / name))
    shutil.copyfile(run.stimuli / "embeddings.safetensors", run.pack / export.GALLERY_FILE)
    export.write_manifest(run.pack, run.seed, stages_eeg.quality(run))


def evaluate_pack(run):
    evaluate.write(run, train_generator(run), stages_eeg.report(run))


def everything(run):
    write_stimuli(run)
    train_generator(run)
    if not run.options.quick:
        stages_eeg.write_epochs(run)
    stages_eeg.train_encoder(run)
    stages_eeg.ablate(run)
    stages_eeg.write_scores(run)
    export_pack(run)
    evaluate_pack(run)


STAGES = {
    "stimuli": write_stimuli,
    "generator": train_generator,
    "export": export_pack,
    "evaluate": evaluate_pack,
    "all": everything,
} | stages_eeg.STAGES


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", nargs="?", default="all", choices=STAGES)
    parser.add_argument("--pictures", type=Path, help="folder of drawings; fetched from npm when absent")
    parser.add_argument("--epochs", type=Path, help="folder of epochs files; `epochs` in the work folder when absent")
    parser.add_argument("--simulator", help=f"command that writes epochs; when absent: {stages_eeg.SIMULATOR}")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work", help="folder for checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    STAGES[chosen.stage](Run(chosen))


if __name__ == "__main__":
    main()
