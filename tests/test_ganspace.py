"""GANSpace against what encoder4editing's code made of the published components, and against NumPy's own PCA."""

import numpy as np
import pytest
from keras import ops

from psp_keras.editing import edit, ganspace, read_ffhq_edits, read_ganspace
from psp_keras.editing.ganspace_directions import principal_components
from psp_keras.errors import UserError
from tests.helpers import tiny_generator
from tests.parity import DATA, LAYER, check, golden_of

PUBLISHED = DATA / "directions" / "ffhq_pca.pt"
STRENGTHS = {"eye_openness": 5, "smile": -20, "trimmed_beard": 7, "white_hair": -24, "lipstick": 20}


def test_agrees_with_the_published_code():
    golden, directions = golden_of("ganspace_ffhq"), read_ffhq_edits(PUBLISHED)
    w_plus = np.random.RandomState(85).randn(2, 18, 512)[:1]
    for name, strength in STRENGTHS.items():
        edited = ops.convert_to_numpy(edit(w_plus, directions[name], strength))
        check(f"GANSpace: {name}", edited, golden[name], LAYER)
        check(f"GANSpace: {name}, what changed", edited - w_plus, golden[name] - w_plus, LAYER)


def test_reads_the_file_of_its_own_code(tmp_path):
    """As `netdissect`'s dump in harkonen/ganspace: components of w with an axis for the sample's shape."""
    published = read_ganspace(PUBLISHED)
    steps = np.stack([direction.step for direction in published.values()])
    spreads = np.linalg.norm(steps, axis=1)
    components = (steps / spreads[:, None])[:, None]
    center = published["ganspace_0"].center[None, None]
    dump = {"lat_comp": components, "lat_mean": center, "lat_stdev": spreads, "act_comp": components}
    np.savez_compressed(tmp_path / "stylegan2-ffhq_style_ipca_c80_n1000000_w.npz", **dump, random_stdevs=spreads)
    read = read_ganspace(next(tmp_path.iterdir()), styles=[7, 8])
    assert list(read) == list(published) and len(read) == 80
    np.testing.assert_allclose(read["ganspace_54"].step, published["ganspace_54"].step, rtol=1e-5, atol=1e-7)
    assert read["ganspace_54"].styles == (7, 8)


def test_components_of_batches_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=(1000, 6)) * [5, 4, 3, 2, 1, 0.5]) @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 1000
    mean, components, spreads = principal_components([samples[:400].astype("float32"), *np.split(samples[400:], 3)])
    _, values, vectors = np.linalg.svd(samples - samples.mean(axis=0))
    np.testing.assert_allclose(mean, samples.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(spreads, values / np.sqrt(1000), rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(components * vectors, axis=1)), np.ones(6), atol=1e-6)


def test_strengths_are_standard_deviations():
    generator = tiny_generator()
    directions = ganspace(generator, styles=[2, 3], num_directions=2, num_samples=5000, name="tiny")
    assert list(directions) == ["ganspace_2-3_1", "ganspace_2-3_2"]
    z = np.random.default_rng(5).standard_normal((4000, 16), "float32")
    w = ops.convert_to_numpy(generator.mapping(z))
    for direction in directions.values():
        length = np.linalg.norm(direction.step)
        assert np.isclose((w @ direction.step / length).std(), length, rtol=0.1)


@pytest.mark.parametrize("name", ["age.pt", "missing.pt"])
def test_other_files_get_one_line(name):
    with pytest.raises(UserError, match=name) as raised:
        read_ganspace(DATA / "directions" / name)
    assert len(str(raised.value).splitlines()) == 1
