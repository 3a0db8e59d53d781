"""What the packages export: on first use when they run, as plain imports for editors; and the hints of it."""

import ast
import importlib
import inspect
import textwrap
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def packages():
    """Packages with lazy exports."""
    files = sorted(path for path in (ROOT / "psp_keras").rglob("__init__.py") if "lazy_exports" in path.read_text())
    return [".".join(path.parent.relative_to(ROOT).parts) for path in files]


def shown(package):
    """`(module, name, name it gets)` of what an `__init__.py` imports where `TYPE_CHECKING` holds."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body]
    return [(node.module, alias.name, alias.asname) for node in imports for alias in node.names]


@pytest.mark.parametrize("package", packages())
def test_editors_see_what_is_exported(package):
    module = importlib.import_module(package)
    assert sorted(name for _, _, name in shown(package)) == module.__all__
    for source, name, shown_as in shown(package):
        assert shown_as == name  # only `X as X` counts as an export
        assert getattr(module, name) is getattr(importlib.import_module(source), name)


def test_hints_are_shipped():
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["psp_keras"]
    assert "py.typed" in shipped and (ROOT / "psp_keras" / "py.typed").is_file()


# Where a user's code meets ours: what takes or returns something here has complete hints.
ENTRY_POINTS = [
    "psp_keras.PSP",
    "psp_keras.UserError",
    "psp_keras.list_presets",
    "psp_keras.callbacks.GeneratorQuality",
    "psp_keras.callbacks.ResumableCSVLog",
    "psp_keras.callbacks.SampleGrid",
    "psp_keras.callbacks.SavePreset",
    "psp_keras.callbacks.TensorBoardLog",
    "psp_keras.callbacks.TrainingCheckpoint",
    "psp_keras.callbacks.TranslationGrid",
    "psp_keras.callbacks.WandbBestModel",
    "psp_keras.callbacks.WandbLosses",
    "psp_keras.callbacks.WandbTranslations",
    "psp_keras.callbacks.start_wandb",
    "psp_keras.data.MiniFaces",
    "psp_keras.data.AlignedFace",
    "psp_keras.data.Face",
    "psp_keras.data.align_face",
    "psp_keras.data.find_faces",
    "psp_keras.data.image_grid",
    "psp_keras.data.list_images",
    "psp_keras.data.open_source",
    "psp_keras.data.read_image",
    "psp_keras.data.read_photo",
    "psp_keras.data.square_grid",
    "psp_keras.data.to_float",
    "psp_keras.data.to_uint8",
    "psp_keras.data.training_batches",
    "psp_keras.data.write_image",
    "psp_keras.data.mini_faces.FaceSample",
    "psp_keras.data.mini_faces.write_mini_faces",
    "psp_keras.editing.project_images",
    "psp_keras.evaluation.TranslationMetrics",
    "psp_keras.evaluation.evaluate",
    "psp_keras.losses.IdentityLoss",
    "psp_keras.losses.LPIPS",
    "psp_keras.losses.MoCoLoss",
    "psp_keras.losses.PSPLoss",
    "psp_keras.losses.WNormLoss",
    "psp_keras.models.ArcFace",
    "psp_keras.models.Encoder",
    "psp_keras.models.EncoderIntoW",
    "psp_keras.models.EncoderIntoWPlus",
    "psp_keras.models.Generator",
    "psp_keras.models.GradualStyleEncoder",
    "psp_keras.models.LossTerm",
    "psp_keras.models.MappingNetwork",
    "psp_keras.models.MoCo",
    "psp_keras.models.PerceptualNetwork",
    "psp_keras.models.PresetModel",
    "psp_keras.models.StyleGAN1Generator",
    "psp_keras.models.StyleGAN1SynthesisNetwork",
    "psp_keras.models.StyleGAN2Discriminator",
    "psp_keras.models.StyleGAN2Generator",
    "psp_keras.models.Synthesis",
    "psp_keras.models.SynthesisNetwork",
    "psp_keras.models.WeightedLoss",
    "psp_keras.models.blend",
    "psp_keras.from_preset",
    "psp_keras.optimizers.Ranger",
    "psp_keras.presets.find_preset",
    "psp_keras.serving.Client",
    "psp_keras.serving.export",
    "psp_keras.tasks.EncoderInputs",
    "psp_keras.tasks.Examples",
    "psp_keras.tasks.Places",
    "psp_keras.tasks.Task",
    "psp_keras.tasks.get_task",
    "psp_keras.tasks.open_examples",
    "psp_keras.training.ArcFaceTrainer",
    "psp_keras.training.GANTrainer",
    "psp_keras.training.measure_arcface",
    "psp_keras.training.on_devices",
    "psp_keras.training.synchronize_batch_norm",
    "psp_keras.training.train_arcface",
    "psp_keras.training.train_gan",
    "psp_keras.training.train_psp",
    "psp_keras.training.train_vgg",
    "weights_conversion.convert.convert",
    "weights_conversion.convert.convert_gan",
]
# Keras calls these, with arguments that it decides on.
_OF_KERAS = {"build", "call", "get_config", "from_config", "train_step", "test_step", "apply", "update_step"}
_PREFIXES = ("_", "on_", "compute_", "get_compile")


def find(name):
    """A function or class by its full name."""
    package, _, name = name.rpartition(".")
    return getattr(importlib.import_module(package), name)


def functions(entry):
    """`(name, function)` of an entry point: itself, or the constructor and the public methods of a class."""
    if not inspect.isclass(entry):
        return [(entry.__name__, entry)]
    ours = [one for one in entry.__mro__ if one.__module__.startswith("psp_keras")]
    names = {name for one in ours for name in vars(one)}
    public = {name for name in names if not name.startswith(_PREFIXES)} - _OF_KERAS
    members = {name: inspect.getattr_static(entry, name) for name in public | (names & {"__init__", "__call__"})}
    functions = {name: getattr(member, "fget", getattr(member, "__func__", member)) for name, member in members.items()}
    return [(name, function) for name, function in functions.items() if inspect.isfunction(function)]


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_entry_points_have_hints(entry):
    bare = []
    for name, function in functions(find(entry)):
        signature = inspect.signature(function)
        bare += [f"{name}({p.name})" for p in signature.parameters.values() if p.annotation is p.empty]
        if signature.return_annotation is signature.empty and name != "__init__":
            bare.append(f"{name} ->")
    assert not [place for place in bare if "(self)" not in place and "(cls)" not in place]


# What our checks raise.
_RAISED_BY = {
    "check_shape": "ValueError",
    **dict.fromkeys(("check_whole", "check_number", "check_above_zero", "check_sizes", "check_pyramid"), "UserError"),
    **dict.fromkeys(("check_weights", "check_files", "check_folder", "check_replaceable"), "UserError"),
    **dict.fromkeys(("list_images", "read_image", "find_preset", "from_preset", "get_task"), "UserError"),
    **dict.fromkeys(("atomic_write", "open_picture", "from_preset"), "UserError"),
}


def raised(function):
    """Names of the errors that stand in a function, or that the checks it calls raise."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield ast.unparse(node.exc.func)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield from filter(None, [_RAISED_BY.get(name)])


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_entry_points_say_what_they_raise(entry):
    entry = find(entry)
    for name, function in functions(entry):
        if "<" in function.__code__.co_filename:
            continue  # the constructor of a dataclass
        text = inspect.getdoc(entry if name == "__init__" else function) or ""
        missing = {error for error in raised(function) if error not in text} - {"NotImplementedError"}
        assert not missing, name
