"""OME-Zarr images of many layouts, written by zarr-python, give the pixels that NumPy has."""

import itertools
import json

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec, ZstdCodec
from zarr_images import V2, V3, metadata, noise, write

UNSUPPORTED, CORRUPT = 3, 6
DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")


@pytest.fixture
def pixels_of(tegula, unchanging, tmp_path):
    """What a prediction that changes nothing makes of an image: (c, y, x) as float32."""
    numbers = itertools.count()

    def read(image, channels=1, *words):
        out = tmp_path / f"out{next(numbers)}"
        tegula("predict", unchanging(channels), image, "-o", out, "-q", "--level", "0", *words).ok()
        return zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][:]

    return read


def refused(tegula, image, code):
    run = tegula("inspect", image)
    assert run.code == code, run.err + run.out
    assert run.err.startswith("tegula: ") and run.err.count("\n") == 1
    return run.err


@pytest.mark.parametrize("version", ("0.4", "0.5"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_element_type(pixels_of, tegula, tmp_path, dtype, version):
    pixels = noise((70, 83), dtype)
    write(tmp_path / "a.zarr", pixels, version=version)
    info = json.loads(tegula("inspect", tmp_path / "a.zarr", "--json").ok().out)
    assert info["dtype"] == dtype.replace("float16", "float32") and info["pixel_size_um"] == {"y": 0.5, "x": 0.5} and version in info["format"]
    assert np.array_equal(pixels_of(tmp_path / "a.zarr")[0], pixels.astype("float32"))


@pytest.mark.parametrize("name", V3)
def test_codecs_and_layouts_of_zarr_3(pixels_of, tmp_path, name):
    pixels = noise((70, 83), "uint16")
    pixels[5:, 7] += 1000
    write(tmp_path / "a.zarr", pixels, **{"chunks": (30, 50), **V3[name]})
    assert np.array_equal(pixels_of(tmp_path / "a.zarr")[0], pixels.astype("float32"))


@pytest.mark.parametrize("location", ("start", "end"))
@pytest.mark.parametrize("index", ("plain", "checked", "big"))
def test_shard_indices(pixels_of, tmp_path, location, index):
    codecs = {"plain": [BytesCodec()], "checked": [BytesCodec(), Crc32cCodec()], "big": [BytesCodec(endian="big"), Crc32cCodec()]}[index]
    pixels = noise((70, 83), "uint16")
    pixels[:40, :50] = 7  # a chunk of the fill value alone is left out of its shard
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    group.attrs.update(metadata("yx", [(0.5, 0.5)], "0.5"))
    sharding = ShardingCodec(chunk_shape=(10, 25), codecs=[BytesCodec(), ZstdCodec()], index_codecs=codecs, index_location=location)
    stored = zarr.create_array(tmp_path / "a.zarr/0", shape=pixels.shape, dtype="uint16", chunks=(40, 50), serializer=sharding,
                               compressors=None, fill_value=7, overwrite=True)
    stored[...] = pixels
    assert np.array_equal(pixels_of(tmp_path / "a.zarr")[0], pixels.astype("float32"))


@pytest.mark.parametrize("name", V2)
@pytest.mark.parametrize("dtype", ("<u2", ">u2", ">f8"))
def test_codecs_and_layouts_of_zarr_2(pixels_of, tmp_path, name, dtype):
    pixels = noise((70, 83), dtype)
    write(tmp_path / "a.zarr", pixels, version="0.4", chunks=(30, 50), **V2[name])
    assert np.array_equal(pixels_of(tmp_path / "a.zarr")[0], pixels.astype("float32"))


@pytest.mark.parametrize("version", ("0.4", "0.5"))
@pytest.mark.parametrize("fill", (0, 9, None))
def test_missing_chunks_are_the_fill_value(pixels_of, tmp_path, version, fill):
    stored = write(tmp_path / "a.zarr", noise((70, 83), "uint8"), version=version, chunks=(30, 50), fill_value=fill)
    files = sorted(p for p in (tmp_path / "a.zarr/0").rglob("*") if p.is_file() and p.name not in ("zarr.json", ".zarray", ".zattrs"))
    assert len(files) == 6
    files[0].unlink()
    files[3].unlink()
    assert np.array_equal(pixels_of(tmp_path / "a.zarr")[0], stored[...].astype("float32"))


@pytest.mark.parametrize("fill", (float("nan"), float("inf"), -2.5))
def test_fill_values_of_floats(pixels_of, tmp_path, fill):
    for version in ("0.4", "0.5"):
        group = zarr.open_group(tmp_path / version, mode="w", zarr_format=2 if version == "0.4" else 3)
        group.attrs.update(metadata("yx", [(1, 1)], version))
        group.create_array("0", shape=(64, 70), dtype="float32", chunks=(32, 32), fill_value=fill)
        assert np.array_equal(pixels_of(tmp_path / version)[0], np.full((64, 70), fill, "float32"), equal_nan=True)


@pytest.mark.parametrize("names", ("yx", "cyx", "zyx", "tyx", "tcyx", "czyx", "tczyx", "zcyx"))
def test_two_to_five_axes(pixels_of, tegula, tmp_path, names):
    sizes = {"t": 2, "c": 3, "z": 4, "y": 70, "x": 83}
    chunks = {"t": 1, "c": 2, "z": 3, "y": 40, "x": 30}
    pixels = noise(tuple(sizes[n] for n in names), "uint8")
    write(tmp_path / "a.zarr", pixels, names, chunks=tuple(chunks[n] for n in names))
    at = {"t": 1, "z": 2}
    words = [word for n in names if n in at for word in (f"--{n}", at[n])]
    if words and "--z" not in tegula("predict", "--help").ok().out:
        pytest.skip("this program cannot choose a plane")
    expected = pixels[tuple(at.get(n, slice(None)) for n in names)].reshape(-1, 70, 83)
    assert np.array_equal(pixels_of(tmp_path / "a.zarr", len(expected), *words), expected.astype("float32"))


def test_levels_scales_units_translations_and_channels(tegula, tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    described = metadata("cyx", [(1, 250, 500), (1, 500, 1000), (1, 1000, 2000)], "0.4", "nanometer",
                         omero={"channels": [{"label": "DAPI", "color": "0000FF"}, {"label": "actin", "color": "00FF00"}]})
    multiscale = described["multiscales"][0]
    multiscale["datasets"][0]["coordinateTransformations"].append({"type": "translation", "translation": [0, 1.5, 0]})
    multiscale["coordinateTransformations"] = [{"type": "scale", "scale": [1, 2, 1]}]
    group.attrs.update(described)
    for i, (h, w) in enumerate(((101, 90), (51, 45), (26, 23))):
        group.create_array(str(i), shape=(2, h, w), dtype="uint8", chunks=(1, 32, 32))
    info = json.loads(tegula("inspect", tmp_path / "a.zarr", "--json").ok().out)
    assert info["pixel_size_um"] == pytest.approx({"y": 0.5, "x": 0.5})
    assert info["channels"] == ["DAPI", "actin"]
    assert [(level["height"], level["width"], level["downsample_y"]) for level in info["levels"]] == [(101, 90, 1), (51, 45, 2), (26, 23, 4)]
    assert "y 3 nanometer" in info["notes"][0]


def test_the_level_of_the_models_pixel_size_is_read(pixels_of, tegula, unchanging, tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    group.attrs.update(metadata("yx", [(0.25, 0.25), (0.5, 0.5), (1.0, 1.0)], "0.5"))
    levels = [noise((256 >> i, 300 >> i), "uint8", seed=i) for i in range(3)]
    for i, level in enumerate(levels):
        group.create_array(str(i), shape=level.shape, dtype="uint8", chunks=(64, 64))[...] = level
    tegula("predict", unchanging(1), tmp_path / "a.zarr", "-o", tmp_path / "o", "-q", "--pixel-size", "0.5").ok()
    assert np.array_equal(zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"][0], levels[1].astype("float32"))


def test_ome_zarr_py_images_and_their_labels(pixels_of, tegula, tmp_path):
    from ome_zarr.format import FormatV04, FormatV05
    from ome_zarr.writer import write_image, write_labels

    for number, form in ((2, FormatV04()), (3, FormatV05())):
        image, labels = noise((2, 90, 101), "uint16"), noise((90, 101), "uint32", seed=5)
        folder = tmp_path / f"{number}.zarr"
        group = zarr.open_group(folder, mode="w", zarr_format=number)
        write_image(image, group, axes="cyx", fmt=form)
        write_labels(labels, group, name="nuclei", axes="yx", fmt=form)
        assert np.array_equal(pixels_of(folder, 2), image.astype("float32"))
        assert np.array_equal(pixels_of(folder / "labels/nuclei")[0], labels.astype("float32"))
        assert "labels/nuclei" in refused(tegula, folder / "labels", UNSUPPORTED)


def test_a_prediction_is_an_image_again(pixels_of, tegula, unchanging, tmp_path):
    np.save(tmp_path / "a.npy", noise((2, 700, 530), "float32"))
    tegula("predict", unchanging(2), tmp_path / "a.npy", "-o", tmp_path / "first", "-q").ok()
    image = tmp_path / "first/prediction.ome.zarr"
    info = json.loads(tegula("inspect", image, "--json").ok().out)
    assert len(info["levels"]) == 2 and info["channels"] == ["c0", "c1"]
    assert np.array_equal(pixels_of(image, 2), np.load(tmp_path / "a.npy"))


def broken(tmp_path, change=None, version="0.5", file="0/zarr.json", **array):
    folder = tmp_path / "b.zarr"
    write(folder, noise((70, 83), "uint16"), version=version, chunks=(30, 50), **array)
    if change:
        text = json.loads((folder / file).read_text())
        change(text)
        (folder / file).write_text(json.dumps(text))
    return folder


def codec(name):
    return lambda j: j.update(codecs=[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": name}])


def level_path(path):
    return lambda j: j["attributes"]["ome"]["multiscales"][0]["datasets"][0].update(path=path)


REFUSED = {
    "codec": (codec("numcodecs.lzma"), {}, UNSUPPORTED, "numcodecs.lzma"),
    "dtype": (lambda j: j.update(data_type="complex64"), {}, UNSUPPORTED, "complex64"),
    "extension": (lambda j: j.update(novelty={"name": "x"}), {}, UNSUPPORTED, "novelty"),
    "grid": (lambda j: j["chunk_grid"].update(name="rectilinear"), {}, UNSUPPORTED, "rectilinear"),
    "huge_chunk": (lambda j: j["chunk_grid"]["configuration"].update(chunk_shape=[1 << 30, 1 << 30]), {}, None, "2 GiB"),
    "huge_axis": (lambda j: j.update(shape=[1 << 62, 1 << 62]), {}, None, "longer than the limit"),
    "no_pixels": (lambda j: j.update(shape=[0, 5]), {}, CORRUPT, "without pixels"),
    "fill": (lambda j: j.update(fill_value=70000), {}, CORRUPT, "fill value 70000"),
    "filter": (lambda j: j.update(filters=[{"id": "delta"}]), {"version": "0.4", "file": "0/.zarray"}, UNSUPPORTED, "delta"),
    "compressor": (lambda j: j.update(compressor={"id": "lz4"}), {"version": "0.4", "file": "0/.zarray"}, UNSUPPORTED, "lz4"),
    "type_of_zarr_2": (lambda j: j.update(dtype="<c8"), {"version": "0.4", "file": "0/.zarray"}, UNSUPPORTED, "<c8"),
    "path_up": (level_path("../b.zarr/0"), {"file": "zarr.json"}, CORRUPT, "leads out"),
    "path_absolute": (level_path("/etc"), {"file": "zarr.json"}, CORRUPT, "leads out"),
    "version": (lambda j: j["attributes"]["ome"].update(version="0.6"), {"file": "zarr.json"}, UNSUPPORTED, "0.6"),
    "old_version": (lambda j: j["multiscales"][0].update(version="0.3"), {"version": "0.4", "file": ".zattrs"}, UNSUPPORTED, "0.3"),
    "no_image": (lambda j: j.update(attributes={}), {"file": "zarr.json"}, UNSUPPORTED, "multiscales"),
    "plate": (lambda j: j.update(attributes={"ome": {"plate": {"wells": [{"path": "A/1"}]}}}), {"file": "zarr.json"}, UNSUPPORTED, "b.zarr/A/1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(tegula, tmp_path, name):
    change, more, code, says = REFUSED[name]
    folder = broken(tmp_path, change, **more)
    run = tegula("inspect", folder)
    assert run.code == (code or run.code) != 0, run.err
    assert says in run.err and "b.zarr" in run.err and run.err.count("\n") == 1, run.err


@pytest.mark.parametrize("how", ("cut", "longer", "shorter", "noise", "link"))
@pytest.mark.parametrize("sharded", (False, True))
def test_a_damaged_chunk_is_an_error_that_names_it(tegula, unchanging, tmp_path, how, sharded):
    layout = {"compressors": [ZstdCodec()], **({"shards": (60, 100)} if sharded else {})}
    folder = broken(tmp_path, **layout)
    chunk = folder / "0/c/0/0"
    content = chunk.read_bytes()
    if how == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        chunk.unlink()
        chunk.symlink_to(tmp_path / "elsewhere")
    elif how in ("longer", "shorter"):
        other = numcodecs.Zstd().encode(bytes(3000 + (10 if how == "longer" else -10)))
        chunk.write_bytes(other)
    else:
        chunk.write_bytes(content[: len(content) // 2] if how == "cut" else bytes(reversed(content)))
    run = tegula("predict", unchanging(1), folder, "-o", tmp_path / "o", "-q")
    assert run.code == CORRUPT, run.err
    assert "b.zarr/0/c/0/0" in run.err and run.err.count("\n") == 1, run.err


def test_nesting_without_end_is_refused(tegula, tmp_path):
    folder = broken(tmp_path)
    (folder / "0/zarr.json").write_text('{"a":' * 100000 + "1" + "}" * 100000)
    assert "JSON" in refused(tegula, folder, CORRUPT)
