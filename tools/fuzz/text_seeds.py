#!/usr/bin/env python3
"""text_seeds.py FOLDER — what users, pages and servers say, for the fuzzers of small texts."""
import json
import pathlib
import sys

SEEDS = {
    "zoo_address": ["affable-shark/1.2", "affable-shark__v1", "bioimage-io/affable-shark/v0", "huggingface/fynnbe/ambitious-sloth/1.3",
                    "https://bioimage.io/#/?id=bioimage-io/affable-shark", "doi:10.5281/zenodo.5764892",
                    "https://zenodo.org/records/5764892", "https://example.org/a/rdf.yaml?x=1", "http://localhost:80/model.zip"],
    "net": ["Content-Length: 17", "Content-Range: bytes 0-3/17", "ETag: \"a\"", "HTTP/1.1 206 Partial Content",
            "Last-Modified: Sun, 29 Nov 2026 10:00:00 GMT", "https://user:word@example.org:81/a/b.zarr?token=x#y", "s3://bucket/key"],
    "server": ["0:ff8000:100:4000.5,3:00FF00:-1:1", "12_7.png", "0_0.jpg", "127.0.0.1:8080", "[::1]:8080", "localhost.evil.example",
               "0123456789abcdef", json.dumps({"word": "a", "words": ["b", "c"]})],
    "run_words": [json.dumps({"format": 1, "words": {"command": command, "subjects": subjects, "options": options, "has_region": region},
                              "state": state, "sentence": "", "asked": "2026-11-29T10:00:00Z", "objects": 3})
                  for command, subjects, options, region, state in [
                      ("predict", ["model", "slide.svs"], [{"name": "objects", "value": "all"}, {"name": "verify", "value": "true"}], True, "running"),
                      ("predict", ["image.tif"], [{"name": "classifier", "value": "mine"}], False, "done"),
                      ("objects", ["folder"], [{"name": "split", "value": "true"}], False, "failed"),
                      ("predict", ["m", "i"], [{"name": "list", "value": "/etc/passwd"}], False, "removed")]],
}

for name, texts in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"made{number}").write_text(text)
