"""Draws a MiniFaces person in a scene: polygons on a turned ellipsoid, supersampled and lit."""

import dataclasses
import math

import numpy as np
from PIL import Image, ImageDraw

LABELS = (
    "background",
    "skin",
    "hair",
    "brow",
    "eye",
    "iris",
    "nose",
    "mouth",
    "lip",
    "ear",
    "neck",
    "clothes",
    "glasses",
    "beard",
)
# One colour a label, for pictures of segmentation maps.
PALETTE = np.array(
    [
        (20, 20, 28),
        (244, 190, 150),
        (110, 70, 40),
        (60, 40, 30),
        (250, 250, 250),
        (50, 120, 190),
        (230, 150, 110),
        (120, 20, 40),
        (210, 70, 90),
        (250, 170, 190),
        (200, 140, 100),
        (80, 160, 110),
        (250, 210, 60),
        (150, 110, 160),
    ],
    np.uint8,
)
STYLES = ("photo", "cartoon")
_SUPERSAMPLE = 4
_INK = (24, 18, 34)
_EYE_LEVEL = -0.06


class Canvas:
    """Draws every shape into the colour image and, when asked for, into the label map and the line sketch.

    Args:
        size: pixels.
        with_maps: whether to draw the label map and the sketch.
        ink: whether to draw the outlines into the colour image too.
    """

    def __init__(self, size, with_maps, ink):
        self.size = size
        self.ink = ink
        full = (size * _SUPERSAMPLE,) * 2
        self.color = Image.new("RGBA", full)
        self.labels = Image.new("L", full) if with_maps else None
        self.sketch = Image.new("L", full, 255) if with_maps else None
        self._pen = {id(image): ImageDraw.Draw(image) for image in (self.color, self.labels, self.sketch) if image}

    def polygon(self, points, color, label, outline=True):
        """Fills the polygon through `points`, `(n, 2)` in [-1, 1]."""
        flat = self._pixels(points)
        self._pen[id(self.color)].polygon(flat, fill=(*color, 255))
        if self.ink and outline:
            self._pen[id(self.color)].line(flat + flat[:2], fill=(*_INK, 255), width=self._width(0.03), joint="curve")
        if self.labels:
            self._pen[id(self.labels)].polygon(flat, fill=LABELS.index(label))
            pen = self._pen[id(self.sketch)]
            pen.polygon(flat, fill=255)
            if outline:
                pen.line(flat + flat[:2], fill=20, width=self._width(0.012), joint="curve")

    def line(self, points, color, width, label=None):
        """Draws an open line of `width` (in half image widths) through `points`."""
        flat = self._pixels(points)
        self._pen[id(self.color)].line(flat, fill=(*color, 255), width=self._width(width), joint="curve")
        if self.labels:
            if label:
                self._pen[id(self.labels)].line(flat, fill=LABELS.index(label), width=self._width(width))
            self._pen[id(self.sketch)].line(flat, fill=20, width=self._width(min(width, 0.02)))

    def _pixels(self, points):
        return ((np.asarray(points) + 1.0) * (0.5 * self.size * _SUPERSAMPLE)).ravel().tolist()

    def _width(self, width):
        return max(1, round(width * 0.5 * self.size * _SUPERSAMPLE))


class Head:
    """The turned head: takes points of the face, `u` to the right and `v` down in [-1, 1], to the image plane."""

    def __init__(self, person, scene):
        self.person = person
        self.scene = scene
        self.depth = 0.95 * person.head_width
        yaw, pitch, roll = scene.yaw, scene.pitch, scene.roll
        self._turn = _rotation(0, 2, yaw) @ _rotation(1, 2, pitch)
        self._roll = _rotation(0, 1, roll)[:2, :2]
        self.center = np.array([scene.shift_x, scene.shift_y + 0.06])

    def surface(self, u, v, lift=0.0):
        """Points on the face, `lift` above the ellipsoid."""
        u, v = np.broadcast_arrays(np.asarray(u, float), np.asarray(v, float))
        z = self.depth * np.sqrt(np.maximum(0.0, 1 - 0.8 * u**2 - 0.75 * v**2)) + lift
        return self.project(np.stack([u * self._half_width(v), v * self.person.head_height, z], -1))

    def project(self, points):
        """3-D points around the middle of the head, to image coordinates."""
        turned = points @ self._turn.T
        return self.place(turned[..., :2] * (1 + 0.12 * turned[..., 2:]))

    def place(self, points):
        """Points of the image plane, rolled, scaled and shifted with the head."""
        return points @ self._roll.T * self.scene.scale + self.center

    def outline(self, grow=1.0, start=0.0, stop=2 * math.pi, steps=36):
        """The silhouette from angle `start` to `stop` (0 is right, clockwise), `grow` times as far out."""
        angle = np.linspace(start, stop, steps)
        u, v = np.cos(angle), np.sin(angle)
        x = u * self._half_width(v) * grow
        x = x - math.sin(self.scene.yaw) * 0.16 * np.maximum(v, 0) ** 2 * self.person.head_width
        y = v * self.person.head_height * grow - 0.12 * math.sin(self.scene.pitch)
        return self.place(np.stack([x, y], -1))

    def _half_width(self, v):
        return self.person.head_width * (1 + self.person.jaw * np.maximum(v, 0) ** 1.5 - 0.05 * np.maximum(-v, 0))


def render(person, scene, size, with_maps=False, style="photo"):
    """Draws one face.

    Args:
        person: `Person`.
        scene: `Scene`.
        size: pixels.
        with_maps: whether to draw the label map and the sketch too.
        style: `"photo"`, lit and shaded, or `"cartoon"`: large eyes and flat, vivid colours between ink lines.

    Returns:
        `(image, labels, sketch)`: uint8 `(size, size, 3)`, `(size, size)` and `(size, size)`; the maps are `None`
        without `with_maps`.
    """
    if style == "cartoon":
        person, scene = _caricature(person, scene)
    canvas = Canvas(size, with_maps, ink=style == "cartoon")
    head = Head(person, scene)
    for draw in (_hair_behind, _neck, _ears, _skull, _beard, _mouth, _age_lines, _nose, _eyes, _brows, _hair, _glasses):
        draw(canvas, head)
    figure = np.asarray(canvas.color.reduce(_SUPERSAMPLE), np.float32)
    light = _light(head, size)[..., None]
    opacity = figure[..., 3:] / 255.0
    image = figure[..., :3] * light * opacity + _background(scene, size) * (1 - opacity)
    image = np.clip(image * scene.brightness, 0, 255).round().astype(np.uint8)
    if not with_maps:
        return image, None, None
    middle = slice(_SUPERSAMPLE // 2, None, _SUPERSAMPLE)
    return image, np.asarray(canvas.labels)[middle, middle], np.asarray(canvas.sketch.reduce(_SUPERSAMPLE))


def locate_landmarks(person, scene, size, style="photo"):
    """Where `render` draws the eyes, the tip of the nose and the corners of the mouth.

    Args:
        person: `Person`.
        scene: `Scene`.
        size: pixels.
        style: see `render`.

    Returns:
        float64 `(5, 2)`, see `Face.landmarks`.
    """
    if style == "cartoon":
        person, scene = _caricature(person, scene)
    head = Head(person, scene)
    sides = np.array([-1.0, 1.0])
    eyes = head.surface(sides * person.eye_distance, _EYE_LEVEL)
    nose = head.surface([0.0], _nose_bottom(person), 0.15)
    mouth = head.surface(*_mouth_line(head, sides), 0.02)
    return (np.concatenate([eyes, nose, mouth]) + 1.0) * (0.5 * size) - 0.5


def _caricature(person, scene):
    """The same person and scene as a cartoonist sees them."""
    person = dataclasses.replace(
        person,
        **{name: _vivid(getattr(person, name)) for name in ("skin", "hair_color", "eye_color")},
        eye_size=1.25 * person.eye_size,
        eye_openness=1.3 * person.eye_openness,
        brow_thickness=1.3 * person.brow_thickness,
        lip_redness=min(1.0, person.lip_redness + 0.3),
    )
    background = _vivid(scene.background_top)
    flat = {"light_strength": 0.0, "brightness": 1.0, "background_top": background, "background_bottom": background}
    return person, dataclasses.replace(scene, **flat, clothes=_vivid(scene.clothes))


def _vivid(color):
    grey = sum(color) / 3
    return tuple(max(0, min(255, round(grey + 1.5 * (channel - grey) + 10))) for channel in color)


def _rotation(first, second, angle):
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[first, second], matrix[second, first] = math.sin(angle), -math.sin(angle)
    return matrix


def _shade(color, factor):
    return tuple(max(0, min(255, int(channel * factor))) for channel in color)


def _mix(color, other, amount):
    return tuple(int(a + (b - a) * amount) for a, b in zip(color, other))


def _hair_behind(canvas, head):
    person = head.person
    dark = _shade(person.hair_color, 0.8)
    if person.hair_style == "curly":
        angle = np.linspace(0, 2 * math.pi, 60)
        ripple = 1.25 + 0.05 * np.sin(11 * angle)
        points = np.stack([np.cos(angle) * ripple * person.head_width, np.sin(angle) * ripple * 0.5 - 0.2], -1)
        canvas.polygon(head.place(points), dark, "hair")
    if person.hair_style in ("bob", "long"):
        bottom = 0.5 if person.hair_style == "bob" else 1.15
        width = 1.18 * person.head_width
        arc = head.outline(1.16, -math.pi, 0)
        skirt = head.place(np.array([[width * 1.02, bottom], [-width * 1.02, bottom]]))
        canvas.polygon(np.concatenate([arc, skirt]), dark, "hair")
    if person.hair_style == "bun":
        angle = np.linspace(0, 2 * math.pi, 20)
        knot = np.stack([0.2 * np.cos(angle), 0.17 * np.sin(angle) - person.head_height - 0.1], -1)
        canvas.polygon(head.place(knot), dark, "hair")


def _neck(canvas, head):
    x, y = head.center
    half = 0.62 * head.person.head_width
    shoulder = 0.86 + 0.3 * (head.person.head_width - 0.47)
    neck = np.array([[-half, 0.2], [half, 0.2], [half * 1.1, 1.2], [-half * 1.1, 1.2]]) + [x, y]
    canvas.polygon(neck, _shade(head.person.skin, 0.78), "neck")
    angle = np.linspace(math.pi, 2 * math.pi, 24)
    torso = np.stack([shoulder * np.cos(angle), 1.12 + 0.3 * np.sin(angle)], -1)
    collar = np.array([[half * 0.95, 0.83], [0.0, 0.95], [-half * 0.95, 0.83]])
    body = np.concatenate([torso[:11], collar[::-1], torso[13:], [[shoulder, 1.4], [-shoulder, 1.4]]])
    canvas.polygon(body + [x * 0.5, 0.0], head.scene.clothes, "clothes")


def _ears(canvas, head):
    angle = np.linspace(0, 2 * math.pi, 16)
    for side in (-1, 1):
        ring = np.stack(
            [
                side * (0.99 * head.person.head_width + 0.035 * np.cos(angle)),
                0.02 + 0.12 * np.sin(angle),
                np.full_like(angle, -0.05) + side * 0.05 * np.cos(angle),
            ],
            -1,
        )
        canvas.polygon(head.project(ring), _shade(head.person.skin, 0.88), "ear")


def _skull(canvas, head):
    canvas.polygon(head.outline(), head.person.skin, "skin")
    blush = _mix(head.person.skin, (225, 90, 90), 0.12)
    angle = np.linspace(0, 2 * math.pi, 16)
    for side in (-1, 1):
        spot = head.surface(side * 0.52 + 0.16 * np.cos(angle), 0.3 + 0.1 * np.sin(angle))
        canvas.polygon(spot, blush, "skin", outline=False)


def _beard(canvas, head):
    person = head.person
    color = _mix(_shade(person.hair_color, 0.9), person.skin, 0.22)
    if person.beard == "full":
        side = np.linspace(0.1, 0.9 * math.pi, 24) + 0.05 * math.pi
        lower = head.outline(0.985, side[0] - 0.12, side[-1] + 0.12)
        u = np.linspace(-0.78, 0.78, 17)
        canvas.polygon(np.concatenate([lower, head.surface(u, 0.33 + 0.1 * np.cos(u * 4))]), color, "beard")
    if person.beard in ("goatee", "full"):
        angle = np.linspace(0, 2 * math.pi, 18)
        canvas.polygon(head.surface(0.3 * np.cos(angle), 0.74 + 0.2 * np.sin(angle)), color, "beard", outline=False)
    if person.beard in ("moustache", "goatee", "full"):
        u = np.linspace(-1, 1, 9)
        top = head.surface(0.32 * u, 0.36 + 0.08 * u**2, 0.03)
        bottom = head.surface(0.34 * u[::-1], 0.47 + 0.06 * u**2, 0.03)
        canvas.polygon(np.concatenate([top, bottom]), color, "beard")


def _mouth_line(head, u):
    """The line between the lips, from corner to corner as `u` goes from -1 to 1, on the face."""
    person, scene = head.person, head.scene
    half = person.mouth_width * (1 + 0.18 * max(scene.smile, 0)) / (2 * person.head_width) * 1.3
    return half * u, 0.54 - 0.11 * scene.smile * u**2


def _mouth(canvas, head):
    person, scene = head.person, head.scene
    color = _mix(person.skin, (190, 50, 70), person.lip_redness)
    u = np.linspace(-1, 1, 13)
    across, middle = _mouth_line(head, u)
    gap = 0.1 * scene.mouth_open * (1 - u**2)
    lip = person.lip_thickness / person.head_height * (1 - u**2)
    bow = 0.25 * lip * np.exp(-((u / 0.16) ** 2))

    def curve(v):
        return head.surface(across, v, 0.02)

    def band(upper, lower):
        return np.concatenate([curve(upper), curve(lower)[::-1]])

    canvas.polygon(band(middle - gap - lip + bow, middle - 0.3 * gap + 0.012), color, "lip")
    canvas.polygon(band(middle + gap - 0.012, middle + gap + 1.25 * lip), _shade(color, 1.08), "lip")
    if scene.mouth_open > 0.08:
        canvas.polygon(band(middle - 0.6 * gap, middle + gap), (70, 16, 24), "mouth")
        canvas.polygon(band(middle - 0.6 * gap, middle - 0.1 * gap), (240, 236, 226), "mouth", outline=False)
    else:
        canvas.line(curve(middle), _shade(color, 0.55), 0.018)


def _age_lines(canvas, head):
    age = head.person.age
    if age < 0.45:
        return
    color = _shade(head.person.skin, 1 - 0.4 * (age - 0.35))
    for v in (-0.42, -0.34):
        u = np.linspace(-0.36, 0.36, 9)
        canvas.line(head.surface(u, v + 0.04 * u**2), color, 0.016)
    for side in (-1, 1):
        t = np.linspace(0, 1, 6)
        canvas.line(head.surface(side * (0.26 + 0.18 * t), 0.3 + 0.22 * t), color, 0.02)
        canvas.line(head.surface(side * (0.3 + 0.26 * t), 0.09 + 0.03 * np.sin(math.pi * t)), color, 0.014)


def _nose_bottom(person):
    return 0.02 + person.nose_length * 0.85


def _nose(canvas, head):
    person = head.person
    bottom = _nose_bottom(person)
    wing = person.nose_width / person.head_width
    left, right = ([side * wing * 0.42, side * wing] for side in (-1, 1))
    u = np.array([left[0], left[1], 0.0, right[1], right[0]])
    v = np.array([-0.02, bottom, bottom + 0.05, bottom, -0.02])
    lift = np.array([0.02, 0.05, 0.13, 0.05, 0.02])
    points = head.surface(u, v, lift)
    canvas.polygon(points, _shade(person.skin, 0.93), "nose", outline=False)
    bridge = head.surface(
        [0.0, 0.07, 0.0, -0.07], [-0.04, bottom - 0.06, bottom, bottom - 0.06], [0.05, 0.13, 0.15, 0.13]
    )
    canvas.polygon(bridge, _shade(person.skin, 1.07), "nose", outline=False)
    canvas.line(points[1:4], _shade(person.skin, 0.6), 0.022)


def _eyes(canvas, head):
    person, scene = head.person, head.scene
    half = person.eye_size / person.head_width * 0.6
    height = half * person.eye_openness * (1 - scene.blink) * person.head_width / person.head_height * 1.35
    p = np.linspace(-1, 1, 13)
    angle = np.linspace(0, 2 * math.pi, 18)
    for side in (-1, 1):

        def curve(p, q, side=side):
            u = side * person.eye_distance + half * p
            return head.surface(u, _EYE_LEVEL + q + side * person.eye_slant * p)

        lid = height * (1 - p**2)
        canvas.polygon(np.concatenate([curve(p, -lid), curve(p[::-1], 0.8 * lid)]), (246, 244, 240), "eye")
        for radius, color in ((0.5, person.eye_color), (0.24, (12, 10, 10))):
            x = np.clip(0.45 * scene.gaze_x + radius * np.cos(angle), -1, 1)
            y = radius * half * 0.8 * np.sin(angle) + 0.25 * height * scene.gaze_y
            limit = height * (1 - x**2)
            canvas.polygon(curve(x, np.clip(y, -limit, 0.8 * limit)), color, "iris", outline=False)
        canvas.line(curve(p, -lid), _shade(person.skin, 0.3), 0.022)


def _brows(canvas, head):
    person, scene = head.person, head.scene
    p = np.linspace(-1, 1, 9)
    thickness = person.brow_thickness / person.head_height * (1.15 - 0.5 * p**2)
    color = _shade(person.hair_color, 0.75)
    for side in (-1, 1):
        u = side * person.eye_distance + 0.23 * p
        v = _EYE_LEVEL - person.brow_height - scene.brow_raise + 0.05 * p**2 + side * person.brow_slant * p
        edge = np.concatenate([head.surface(u, v - thickness, 0.02), head.surface(u, v + thickness, 0.02)[::-1]])
        canvas.polygon(edge, color, "brow")


def _hair(canvas, head):
    person = head.person
    if person.hair_style == "bald":
        return
    grow = {"short": 1.07, "bob": 1.12, "long": 1.12, "curly": 1.18, "bun": 1.06}[person.hair_style]
    outer = head.outline(grow, -math.pi + 0.12, -0.12)
    u = np.linspace(0.97, -0.97, 21)
    parting = person.fringe * np.cos(2.2 * u) + 0.12 * u * np.sign(person.fringe)
    v = person.hairline + 0.12 * np.abs(u) ** 3 + 0.35 * np.abs(u) ** 8 + parting * 0.5
    canvas.polygon(np.concatenate([outer, head.surface(u, np.clip(v, -0.8, -0.02), 0.02)]), person.hair_color, "hair")
    if person.hair_style in ("bob", "long"):
        length = 0.3 if person.hair_style == "bob" else 0.75
        for side in (-1, 1):
            x = side * person.head_width
            lock = np.array([[x * 0.86, -0.3], [x * 1.14, -0.3], [x * 1.2, length], [x * 0.98, length]])
            canvas.polygon(head.place(lock), person.hair_color, "hair", outline=False)


def _glasses(canvas, head):
    style, person = head.scene.glasses, head.person
    if style == "none":
        return
    angle = np.linspace(0, 2 * math.pi, 25)
    x, y = np.cos(angle), np.sin(angle)
    if style == "square":
        x, y = (np.sign(w) * np.abs(w) ** 0.35 for w in (x, y))
    color = (30, 28, 34)
    for side in (-1, 1):
        rim = head.surface(side * person.eye_distance + 0.28 * x, -0.05 + 0.2 * y, 0.06)
        canvas.line(rim, color, 0.03, "glasses")
        inner, outer = side * (person.eye_distance - 0.28), side * (person.eye_distance + 0.28)
        canvas.line(head.surface([inner, 0.0], [-0.07, -0.1], 0.08), color, 0.03, "glasses")
        canvas.line(head.surface([outer, side * 0.98], [-0.07, -0.06], 0.05), color, 0.03, "glasses")


def _grid(size):
    axis = (np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0
    return axis[None, :], axis[:, None]


def _light(head, size):
    """Lambert shading of the head's ellipsoid, continued past its rim; 1 on average."""
    x, y = _grid(size)
    nx = (x - head.center[0]) / (1.15 * head.person.head_width)
    ny = (y - head.center[1]) / (1.15 * head.person.head_height)
    norm = np.sqrt(nx**2 + ny**2)
    nx, ny = nx / np.maximum(norm, 1), ny / np.maximum(norm, 1)
    nz = np.sqrt(np.maximum(0.0, 1 - np.minimum(norm, 1) ** 2))
    toward = nx * math.cos(head.scene.light_angle) + ny * math.sin(head.scene.light_angle)
    return 1 + head.scene.light_strength * (toward + 0.5 * nz - 0.35)


def _background(scene, size):
    x, y = _grid(size)
    blend = 0.5 + 0.35 * (x * math.cos(scene.background_angle) + y * math.sin(scene.background_angle))
    blend = blend[..., None]
    return np.array(scene.background_top) * (1 - blend) + np.array(scene.background_bottom) * blend
