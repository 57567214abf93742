"""Which drawings may be trained on, and which are kept for judging.

Takes   a `PictureSet` and the list of concepts.
Gives   `Split`: rows for training; the rows of the forty stimuli (Fluent) and of their Noto twins; rows held out.
Keeps   held out are the Noto drawing of every second stimulus (a drawing never seen, of a known concept) and both
        drawings of 45 other things (concepts never seen). The same seed always holds out the same ones.
"""

import random
from dataclasses import dataclass

from concepts import CONCEPTS
from pictures import FLUENT, NOTO

UNSEEN_CONCEPTS = 45


@dataclass(frozen=True)
class Split:
    """Row numbers into a `PictureSet`."""

    train: list
    stimuli: list
    twins: list
    unseen_drawings: list
    unseen_concepts: list
    concept_stems: frozenset


def make(pictures, seed=1):
    """The split of one picture set; rows are in rising order except `stimuli` and `twins`, which follow CONCEPTS."""
    concept_stems = frozenset(concept.stem for concept in CONCEPTS)
    stimuli = [pictures.row(FLUENT, concept.stem) for concept in CONCEPTS]
    twins = [pictures.row(NOTO, concept.stem) for concept in CONCEPTS]
    others = sorted(set(pictures.stems) - concept_stems)
    drawn = set(random.Random(seed).sample(others, min(UNSEEN_CONCEPTS, len(others) // 4)))
    unseen_concepts = [row for row, stem in enumerate(pictures.stems) if stem in drawn]
    unseen_drawings = twins[1::2]
    held_out = set(unseen_concepts) | set(unseen_drawings)
    train = [row for row in range(len(pictures)) if row not in held_out]
    return Split(train, stimuli, twins, unseen_drawings, unseen_concepts, concept_stems)
