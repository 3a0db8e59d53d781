"""What varies in the MiniFaces world: the traits of a person, and the scene in which the person is seen."""

import dataclasses
import math

import numpy as np

HAIR_STYLES = ("bald", "short", "bob", "long", "curly", "bun")
BEARDS = ("none", "moustache", "goatee", "full")
GLASSES = ("none", "round", "square")

_SKINS = np.array([(255, 224, 200), (240, 196, 160), (214, 160, 118), (168, 112, 76), (122, 78, 54), (84, 54, 40)])
_HAIRS = np.array([(28, 22, 20), (70, 44, 28), (120, 76, 40), (196, 152, 84), (150, 60, 30), (170, 168, 168)])
_EYES = np.array([(62, 40, 24), (104, 74, 40), (72, 104, 66), (74, 116, 158), (110, 118, 124)])


@dataclasses.dataclass(frozen=True)
class Person:
    """Traits that stay with an identity. Lengths are in half image widths, colours in [0, 255]."""

    head_width: float
    head_height: float
    jaw: float
    skin: tuple
    hair_style: str
    hair_color: tuple
    hairline: float
    fringe: float
    brow_thickness: float
    brow_height: float
    brow_slant: float
    eye_color: tuple
    eye_size: float
    eye_openness: float
    eye_distance: float
    eye_slant: float
    nose_length: float
    nose_width: float
    mouth_width: float
    lip_thickness: float
    lip_redness: float
    beard: str
    age: float


@dataclasses.dataclass(frozen=True)
class Scene:
    """What changes between two pictures of a person. Angles are in radians."""

    yaw: float
    pitch: float
    roll: float
    shift_x: float
    shift_y: float
    scale: float
    gaze_x: float
    gaze_y: float
    smile: float
    mouth_open: float
    blink: float
    brow_raise: float
    glasses: str
    light_angle: float
    light_strength: float
    brightness: float
    background_top: tuple
    background_bottom: tuple
    background_angle: float
    clothes: tuple

    def frontal(self):
        """The same scene with the head held straight."""
        return dataclasses.replace(self, yaw=0.0, pitch=0.0, roll=0.0, shift_x=0.0, shift_y=0.0)


def random_person(rng):
    """Draws the traits of a person from `numpy.random.Generator` `rng`."""
    age = float(rng.beta(1.2, 1.8))
    hair_color = _blend(rng, _HAIRS[:5])
    grey = np.clip((age - 0.55) * 2.5, 0, 1) * rng.uniform(0.3, 1)
    return Person(
        head_width=rng.uniform(0.42, 0.53),
        head_height=rng.uniform(0.58, 0.68),
        jaw=rng.uniform(-0.22, 0.16),
        skin=_color(_blend(rng, _SKINS)),
        hair_style=str(rng.choice(HAIR_STYLES, p=(0.1, 0.3, 0.17, 0.2, 0.13, 0.1))),
        hair_color=_color(hair_color * (1 - grey) + _HAIRS[5] * grey),
        hairline=rng.uniform(-0.68, -0.46),
        fringe=rng.uniform(-0.25, 0.25),
        brow_thickness=rng.uniform(0.018, 0.05),
        brow_height=rng.uniform(0.13, 0.2),
        brow_slant=rng.uniform(-0.05, 0.05),
        eye_color=_color(_blend(rng, _EYES)),
        eye_size=rng.uniform(0.17, 0.24),
        eye_openness=rng.uniform(0.36, 0.6),
        eye_distance=rng.uniform(0.36, 0.46),
        eye_slant=rng.uniform(-0.04, 0.04),
        nose_length=rng.uniform(0.26, 0.4),
        nose_width=rng.uniform(0.11, 0.2),
        mouth_width=rng.uniform(0.24, 0.38),
        lip_thickness=rng.uniform(0.03, 0.075),
        lip_redness=rng.uniform(0.15, 0.75),
        beard=str(rng.choice(BEARDS, p=(0.7, 0.08, 0.08, 0.14))),
        age=age,
    )


def random_scene(rng):
    """Draws a scene from `numpy.random.Generator` `rng`."""
    return Scene(
        yaw=float(np.clip(rng.normal(0, 0.3), -0.7, 0.7)),
        pitch=float(np.clip(rng.normal(0, 0.12), -0.3, 0.3)),
        roll=float(np.clip(rng.normal(0, 0.07), -0.2, 0.2)),
        shift_x=rng.uniform(-0.03, 0.03),
        shift_y=rng.uniform(-0.03, 0.03),
        scale=rng.uniform(1.06, 1.2),
        gaze_x=rng.uniform(-1, 1),
        gaze_y=rng.uniform(-0.5, 0.5),
        smile=rng.uniform(-0.35, 1),
        mouth_open=max(0.0, rng.uniform(-1.2, 1)),
        blink=rng.uniform(0, 0.25) if rng.random() < 0.95 else 0.9,
        brow_raise=rng.uniform(-0.03, 0.05),
        glasses=str(rng.choice(GLASSES, p=(0.8, 0.1, 0.1))),
        light_angle=rng.uniform(-math.pi, 0),
        light_strength=rng.uniform(0.05, 0.45),
        brightness=rng.uniform(0.82, 1.12),
        background_top=_color(rng.uniform(20, 245, 3)),
        background_bottom=_color(rng.uniform(20, 245, 3)),
        background_angle=rng.uniform(-math.pi, math.pi),
        clothes=_color(rng.uniform(15, 240, 3)),
    )


def attribute_vector(person, scene):
    """All traits and scene values as numbers of mean about 0 and deviation about 1: what the VGG learns to read.

    Returns:
        float32 vector; choices are one-hot, colours three numbers each.
    """
    values = []
    for record in (person, scene):
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            if field.name in _CHOICES:
                values += [float(value == choice) for choice in _CHOICES[field.name]]
            elif isinstance(value, tuple):
                values += [(channel - 128.0) / 64.0 for channel in value]
            elif field.name.endswith("_angle"):
                values += [math.cos(value), math.sin(value)]
            else:
                middle, spread = _SPREADS[field.name]
                values.append((value - middle) / spread)
    return np.array(values, "float32")


_CHOICES = {"hair_style": HAIR_STYLES, "beard": BEARDS, "glasses": GLASSES}


def _blend(rng, palette):
    """A colour between two neighbours of a palette, a little off."""
    position = rng.uniform(0, len(palette) - 1)
    low = min(int(position), len(palette) - 2)
    color = palette[low] + (palette[low + 1] - palette[low]) * (position - low)
    return np.clip(color * rng.uniform(0.92, 1.08) + rng.normal(0, 4, 3), 0, 255)


def _color(values):
    return tuple(round(float(value)) for value in np.clip(values, 0, 255))


def _measure_spreads():
    rng = np.random.default_rng(0)
    samples = [{**vars(random_person(rng)), **vars(random_scene(rng))} for _ in range(256)]
    numeric = [name for name, value in samples[0].items() if isinstance(value, (int, float))]
    columns = {name: np.array([sample[name] for sample in samples]) for name in numeric}
    return {name: (float(column.mean()), float(column.std())) for name, column in columns.items()}


_SPREADS = _measure_spreads()
