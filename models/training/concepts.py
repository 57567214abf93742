"""The forty concepts shown to a wearer, in the order of the forty ImageNet-EEG categories.

Takes   nothing.
Gives   `CONCEPTS`: for each category of the field the nearest drawing that exists.
Keeps   row i is category i; ids are unique snake_case ASCII; where a drawing shows something else than the category,
        `substitution` says so. Weapons are replaced by a harmless neighbour.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """One stimulus: `stem` is the file stem of the drawing shown (Unicode code points), `category` the field's name."""

    id: str
    label: str
    stem: str
    category: str
    substitution: str = ""

    @property
    def code(self):
        """The concept in a `PictureSet`: the code points without variation selectors."""
        return "-".join(part for part in self.stem.split("-") if part != "fe0f")


CONCEPTS = (
    Concept("horse", "horse", "1f40e", "sorrel"),
    Concept("parachute", "parachute", "1fa82", "parachute"),
    Concept("curling_stone", "curling stone", "1f94c", "iron, smoothing iron", "a handle on a heavy base, like an iron"),
    Concept("tropical_fish", "tropical fish", "1f420", "anemone fish", "another reef fish"),
    Concept("teapot", "teapot", "1fad6", "espresso maker", "a teapot"),
    Concept("coffee_cup", "cup of coffee", "2615", "coffee mug"),
    Concept("bicycle", "bicycle", "1f6b2", "mountain bike", "a city bicycle"),
    Concept("bow_and_arrow", "bow and arrow", "1f3f9", "revolver", "sports equipment instead of a firearm"),
    Concept("panda", "panda", "1f43c", "giant panda"),
    Concept("blossom", "blossom", "1f33c", "daisy", "a stylised white blossom"),
    Concept("canoe", "canoe", "1f6f6", "canoe"),
    Concept("butterfly", "butterfly", "1f98b", "lycaenid butterfly"),
    Concept("dog", "dog", "1f415", "German shepherd", "another breed"),
    Concept("running_shoe", "running shoe", "1f45f", "running shoe"),
    Concept("jack_o_lantern", "jack-o'-lantern", "1f383", "jack-o'-lantern"),
    Concept("mobile_phone", "mobile phone", "1f4f1", "cellular telephone"),
    Concept("golf", "golf flag and ball", "26f3", "golf ball", "a golf hole with flag and ball"),
    Concept("desktop_computer", "desktop computer", "1f5a5-fe0f", "desktop computer"),
    Concept("broom", "broom", "1f9f9", "broom"),
    Concept("pizza", "pizza", "1f355", "pizza"),
    Concept("rocket", "rocket", "1f680", "missile", "a space rocket instead of a weapon"),
    Concept("monkey", "monkey", "1f412", "capuchin"),
    Concept("pool_ball", "pool 8 ball", "1f3b1", "pool table", "the ball instead of the table"),
    Concept("backpack", "backpack", "1f392", "mailbag", "another bag"),
    Concept("car", "car", "1f697", "convertible", "a closed car"),
    Concept("chair", "chair", "1fa91", "folding chair", "a plain chair"),
    Concept("t_shirt", "T-shirt", "1f455", "pajama", "another garment"),
    Concept("gloves", "gloves", "1f9e4", "mitten", "gloves with fingers"),
    Concept("guitar", "electric guitar", "1f3b8", "electric guitar"),
    Concept("camera", "camera", "1f4f7", "reflex camera"),
    Concept("piano_keys", "piano keys", "1f3b9", "grand piano", "the keyboard only"),
    Concept("tent", "tent", "26fa", "mountain tent"),
    Concept("banana", "banana", "1f34c", "banana"),
    Concept("mushroom", "mushroom", "1f344", "bolete", "another mushroom"),
    Concept("watch", "wrist watch", "231a", "digital watch", "a watch with hands"),
    Concept("elephant", "elephant", "1f418", "African elephant"),
    Concept("airplane", "airplane", "2708-fe0f", "airliner"),
    Concept("train", "train", "1f686", "electric locomotive", "the front of an electric train"),
    Concept("satellite_antenna", "satellite antenna", "1f4e1", "radio telescope", "a dish antenna"),
    Concept("cat", "cat", "1f408", "Egyptian cat", "another breed"),
)
