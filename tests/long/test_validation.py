"""`tegula validate` beside bioimageio.spec itself, on descriptions that were broken at random.

The golden files hold what the reference says about descriptions that people wrote. Here every kind of mistake is made:
fields are removed, emptied, renamed, replaced by values of other kinds and by those of other descriptions.
"""

import copy
import datetime
import json
import os
import pathlib
import random
import subprocess

import pytest

MISTAKES = int(os.environ.get("TEGULA_MISTAKES", "3000"))
SEED = int(os.environ.get("TEGULA_SEED", "1"))
# What Tegula refuses and the reference lets pass: docs/differences.md has the reasons.
STRICTER = ("is not an axis of this tensor", "sizes for the", "is used twice", "must be from", "must be a list, is '",
            "leaves nothing of axis", "must be a version", "only descriptions may have", "must be less than max",
            "must be a number, is 'true'", "must leave out exactly one axis", "must be a word in lower case")
MILDER = ("Inferred halo",)
VALUES = [None, 0, 1, -1, 2.5, 3.0, "", "x", "3", "1.5", "true", True, [], {}, [1], ["x"], {"a": 1}, "a/b", "../x",
          "https://a.org/x", "http://", "a b", "ABC", "1e-6", 1e-6, 10**12, "10.1234/x", "https://doi.org/10.1234/x",
          "2024-01-01", "a.npy", "a.NPY", "batch", "for", "x" * 200, "é", "0.5.7", "float32", "int32", "bool",
          "a@b.org", "a@b", "0000-0001-2345-6789", "0000-0002-1825-0097", 0.5, 100, ["a", "a"], [None], [[1, 2]],
          {"source": "a.md"}, {"source": "a.md", "sha256": "a" * 64}, {"source": "a.md", "sha256": "zz"}]
MORE = {
    "0.5": {"git_repo": "https://a.org", "id": "affable-shark", "id_emoji": "X", "links": ["a/b"], "version": "1.2",
            "uploader": {"email": "a@b.org"}, "maintainers": [{"github_user": "me"}], "icon": "Y",
            "attachments": [{"source": "a.txt"}], "packaged_by": [{"name": "z"}], "parent": {"id": "other"},
            "run_mode": {"name": "x"}, "training_data": {"id": "ds"}, "license": "MIT",
            "config": {"bioimageio": {"training": {"training_epochs": 3}, "funded_by": "x", "evaluations": [
                {"dataset_id": "d", "dataset_source": "https://a.org", "dataset_role": "test", "sample_count": 3,
                 "evaluation_factors": ["a"], "evaluation_factors_long": ["aa"], "metrics": ["m"],
                 "metrics_long": ["mm"], "results": [[1]]}]}}},
    "0.4": {"git_repo": "https://a.org", "id": "affable-shark", "version": "1.2", "version_number": 3,
            "uploader": {"email": "a@b.org"}, "maintainers": [{"github_user": "me"}], "icon": "Y",
            "attachments": {"files": ["a.txt"]}, "packaged_by": [{"name": "z"}], "run_mode": {"name": "deepimagej"},
            "training_data": {"id": "ds"}, "download_url": "https://a.org/x", "sample_inputs": ["a.tif"],
            "config": {"bioimageio": {"nickname": "aa"}}},
}
OTHER = {"name": "some thing", "description": "d", "authors": [{"name": "me", "github_user": "m"}],
         "cite": [{"text": "t", "url": "https://a.org"}], "covers": ["a.png"], "documentation": "doc.md",
         "license": "MIT", "tags": ["x"], "source": "https://a.org/b", "version": "0.1", "id": "some/thing",
         "badges": [{"label": "l", "url": "https://x.org", "icon": "i.svg"}], "git_repo": "https://g.com"}


@pytest.fixture(scope="module")
def descriptions():
    """What people wrote, and one of every other type and version."""
    from bioimageio.spec._internal.io_utils import read_yaml

    shared = pathlib.Path(os.environ["TEGULA_TEST_DATA"])
    found = [read_yaml(shared / "data" / path) for path in json.loads((shared / "golden/validation.json").read_text())]
    for kind in ("dataset", "application", "notebook", "generic", "workflow"):
        for version in ("0.2.0", "0.2.4", "0.3.0", "0.3.4"):
            description = copy.deepcopy(OTHER) | {"type": kind, "format_version": version}
            if kind == "notebook":
                description["source"] = "x.ipynb"
            if version == "0.3.4":
                description |= {"covers": [{"source": "a.png"}], "documentation": {"source": "doc.md"}}
            found.append(description)
    return [plain(description) for description in found]


def plain(value):
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value if not isinstance(value, float) or abs(value) < float("inf") else str(value)


def places(value, before=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield before + (key,)
        yield from places(child, before + (key,))


def at(value, place):
    for key in place:
        value = value[key]
    return value


def broken(description, all_descriptions, rng):
    description = copy.deepcopy(description)
    generation = str(description.get("format_version", ""))[:3]
    if description.get("type") == "model" and generation in MORE and rng.random() < 0.5:
        for key in rng.sample(sorted(MORE[generation]), rng.randint(1, 5)):
            description[key] = copy.deepcopy(MORE[generation][key])
    for _ in range(rng.choice([1, 1, 1, 2])):
        first = rng.choice(sorted(description))
        place = rng.choice([p for p in places(description) if p[0] == first])
        parent, key, what = at(description, place[:-1]), place[-1], rng.random()
        if what < 0.25:
            del parent[key]
        elif what < 0.75:
            parent[key] = copy.deepcopy(rng.choice(VALUES))
        elif what < 0.85 and isinstance(parent, dict):
            parent[f"unknown_{key}"] = 1
        elif isinstance(parent, dict):
            others = [at(d, p) for d in rng.sample(all_descriptions, 8) for p in places(d) if p[-1] == key]
            parent[key] = copy.deepcopy(rng.choice(others or VALUES))
        else:
            parent.append(copy.deepcopy(parent[key]))
        if not description:
            break
    return description


def verdict_of_reference(description):
    from bioimageio.spec import ValidationContext, validate_format

    context = ValidationContext(perform_io_checks=False, log_warnings=False)
    with context:
        try:
            summary = validate_format(description, context=context)
        except ValueError as error:  # of a type or version that it cannot even name
            return "failed", [str(error)]
    return summary.status, [error.msg for detail in summary.details for error in detail.errors]


def test_verdicts_on_broken_descriptions_are_those_of_the_reference(descriptions, tmp_path, results):
    from loguru import logger

    logger.remove()
    rng = random.Random(SEED)
    made = [broken(rng.choice(descriptions), descriptions, rng) for _ in range(MISTAKES)]
    files = [tmp_path / f"{i}.yaml" for i in range(len(made))]
    for file, description in zip(files, made):
        file.write_text(json.dumps(description))
    ours = []
    for begin in range(0, len(files), 500):
        words = [os.environ["TEGULA_PROGRAM"], "validate", "--no-io", "--json", *files[begin : begin + 500]]
        ours += json.loads(subprocess.run(words, capture_output=True, text=True).stdout)
    equal, failed, unexplained = 0, 0, []
    for description, own in zip(made, ours):
        status, messages = verdict_of_reference(copy.deepcopy(description))
        sentences = [f["sentence"] for f in own["findings"] if f["severity"] == "error"]
        failed += status == "failed"
        equal += status == own["status"]
        explained = all(any(known in text for known in STRICTER) for text in sentences) if status != "failed" else any(
            known in message for known in MILDER for message in messages)
        if status != own["status"] and not explained:
            unexplained.append((description, status, messages[:2], sentences[:2]))
    results["validation beside bioimageio.spec"] = {"descriptions": len(made), "failed": failed, "equal verdicts": equal}
    assert failed > len(made) / 3
    assert len(unexplained) <= 0.001 * len(made), unexplained
    assert equal >= 0.98 * len(made)


def test_what_tegula_writes_is_valid_for_the_reference(tmp_path):
    """Packages, and every valid model in the newest format."""
    from bioimageio.spec import ValidationContext, load_description
    from bioimageio.spec._internal.io_utils import read_yaml

    shared = pathlib.Path(os.environ["TEGULA_TEST_DATA"])
    program = os.environ["TEGULA_PROGRAM"]
    updated = 0
    for path, verdict in json.loads((shared / "golden/validation.json").read_text()).items():
        if verdict["status"] != "valid-format" or verdict["type"] != "model":
            continue
        new = tmp_path / "new.yaml"
        subprocess.run([program, "update-format", shared / "data" / path, "-o", new], check=True, capture_output=True)
        status, messages = verdict_of_reference(read_yaml(new))
        assert status == "valid-format", (path, messages)
        updated += 1
    assert updated > 40
    for name in ("he_nuclei_rgb", "nuclei_fluo_globalnorm", "keras_all", "multi_io", "cellpose_like", "stardist_like2d"):
        package = tmp_path / f"{name}.zip"
        subprocess.run([program, "package", shared / "data/models_made" / name, package], check=True, capture_output=True)
        with ValidationContext(perform_io_checks=True, log_warnings=False):
            description = load_description(package, format_version="discover")
        summary = description.validation_summary
        assert summary.status == "valid-format", [error.msg for d in summary.details for error in d.errors]
