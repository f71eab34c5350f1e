#!/usr/bin/env python3
"""zarr_seeds.py FOLDER — metadata of small OME-Zarr images and shards, for zarr_metadata_fuzz and zarr_shard_fuzz."""
import pathlib
import sys
import tempfile

import numpy as np
import zarr
from zarr.codecs import BytesCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

folder = pathlib.Path(sys.argv[1])
for name in ("zarr_metadata", "zarr_shard"):
    (folder / name).mkdir(parents=True, exist_ok=True)
pixels = np.arange(128 * 128, dtype="uint16").reshape(128, 128) // 50
axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "yx"]
steps = [{"type": "scale", "scale": [0.5, 0.5]}, {"type": "translation", "translation": [1, 2]}]
multiscale = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}
omero = {"channels": [{"label": "red", "color": "FF0000"}]}
number = 0


def keep(name, content):
    global number
    number += 1
    (folder / name / f"made{number}").write_bytes(content)


with tempfile.TemporaryDirectory() as made:
    made = pathlib.Path(made)
    for index_location in ("start", "end"):
        codec = ShardingCodec(chunk_shape=(64, 32), codecs=[BytesCodec(), ZstdCodec()], index_codecs=[BytesCodec()], index_location=index_location)
        array = zarr.create_array(made / index_location, shape=pixels.shape, dtype="uint16", chunks=pixels.shape, serializer=codec, compressors=None)
        array[:] = pixels
        keep("zarr_shard", (made / index_location / "c/0/0").read_bytes())
        keep("zarr_metadata", (made / index_location / "zarr.json").read_bytes())
    for name, how in {"a": {"compressors": GzipCodec()}, "b": {"filters": TransposeCodec(order=(1, 0))}, "c": {"zarr_format": 2, "order": "F"}}.items():
        array = zarr.create_array(made / name, shape=(64, 32), chunks=(64, 32), dtype="uint16", **how)
        array[:] = pixels[:64, :32]
        for file in sorted(p for p in (made / name).rglob("*") if p.is_file()):
            keep("zarr_metadata" if file.name.startswith((".z", "zarr")) else "zarr_shard", file.read_bytes())
    for number_of, attributes in ((2, {"multiscales": [{**multiscale, "version": "0.4"}], "omero": omero}),
                                  (3, {"ome": {"version": "0.5", "multiscales": [multiscale], "omero": omero}})):
        zarr.open_group(made / f"g{number_of}", mode="w", zarr_format=number_of).attrs.update(attributes)
        keep("zarr_metadata", (made / f"g{number_of}" / ("zarr.json" if number_of == 3 else ".zattrs")).read_bytes())
