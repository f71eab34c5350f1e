"""OME-Zarr images of many layouts, as zarr-python writes them: what end-to-end tests read."""

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def axes_of(names, unit="micrometer"):
    return [{"name": n, "type": TYPES[n], **({"unit": unit} if TYPES[n] == "space" and unit else {})} for n in names]


def metadata(names, scales, version, unit="micrometer", **more):
    datasets = [{"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": list(scale)}]}
                for i, scale in enumerate(scales)]
    multiscale = {"name": "image", "axes": axes_of(names, unit), "datasets": datasets}
    if version == "0.4":
        return {"multiscales": [{**multiscale, "version": "0.4"}], **more}
    return {"ome": {"version": version, "multiscales": [multiscale], **more}}


def write(folder, pixels, names="yx", version="0.5", scale=0.5, chunks=None, **array):
    """One level; `array` goes to create_array."""
    group = zarr.open_group(folder, mode="w", zarr_format=2 if version == "0.4" else 3)
    group.attrs.update(metadata(names, [[1.0 if TYPES[n] != "space" else scale for n in names]], version))
    stored = group.create_array("0", shape=pixels.shape, dtype=pixels.dtype, chunks=chunks or tuple(min(s, 40) for s in pixels.shape), **array)
    stored[...] = pixels
    assert np.array_equal(stored[...], pixels)
    return stored


def noise(shape, dtype, seed=1):
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) < 0.5
    return random.integers(0, 120, shape).astype(dtype)


# Layouts, as arguments of `write`

V3 = {
    "raw": {"compressors": None},
    "big_endian": {"compressors": None, "serializer": BytesCodec(endian="big")},
    "zstd": {"compressors": ZstdCodec(level=3)},
    "zstd_checksum": {"compressors": ZstdCodec(level=3, checksum=True)},
    "gzip": {"compressors": GzipCodec(level=5)},
    "crc32c": {"compressors": Crc32cCodec()},
    "zstd_crc32c": {"compressors": [ZstdCodec(), Crc32cCodec()]},
    "crc32c_zstd": {"compressors": [Crc32cCodec(), ZstdCodec()]},
    "gzip_zstd": {"compressors": [GzipCodec(), ZstdCodec()]},
    "transpose": {"filters": TransposeCodec(order=(1, 0))},
    "transpose_twice": {"filters": [TransposeCodec(order=(1, 0)), TransposeCodec(order=(1, 0))]},
    "big_transposed": {"filters": TransposeCodec(order=(1, 0)), "serializer": BytesCodec(endian="big")},
    "keys_with_dots": {"chunk_key_encoding": {"name": "default", "separator": "."}},
    "keys_of_zarr_2": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    "keys_of_zarr_2_with_slashes": {"chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "shards": {"chunks": (20, 10), "shards": (40, 50)},
    "shards_gzip": {"chunks": (20, 10), "shards": (40, 50), "compressors": GzipCodec()},
    "shards_raw": {"chunks": (20, 10), "shards": (80, 90), "compressors": None},
    "shards_transposed": {"chunks": (20, 10), "shards": (40, 50), "filters": TransposeCodec(order=(1, 0))},
    **{f"blosc_{name}_{shuffle}": {"compressors": BloscCodec(cname=name, clevel=5, shuffle=shuffle)}
       for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd") for shuffle in ("noshuffle", "shuffle", "bitshuffle")},
}

V2 = {
    "raw": {"compressors": None},
    "zlib": {"compressors": numcodecs.Zlib()},
    "gzip": {"compressors": numcodecs.GZip()},
    "zstd": {"compressors": numcodecs.Zstd()},
    "fortran": {"order": "F"},
    "slashes": {"chunk_key_encoding": {"name": "v2", "separator": "/"}},
    **{f"blosc_{name}_{shuffle}": {"compressors": numcodecs.Blosc(cname=name, shuffle=shuffle)}
       for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd") for shuffle in (0, 1, 2)},
}
