"""Every package of ../shared, and those of the golden predictions put together from their parts."""

import json
import pathlib
import shutil


def golden_package(shared, name, folder):
    """The description of a golden model and its files in one folder."""
    golden = shared / "golden/predict"
    model = json.loads((golden / "predict.json").read_text())[name]
    folder.mkdir()
    for file in model["files"]:
        shutil.copyfile(shared / "data" / file, folder / pathlib.Path(file).name)
    description = golden / model["description"] if model.get("description") else shared / "data" / model["rdf"]
    shutil.copyfile(description, folder / "rdf.yaml")
    return folder


def every_package(shared, folder):
    """(name, what to give as MODEL): data/models, golden/predict/rdf, models_made."""
    for path in sorted((shared / "data/models").glob("*/*.yaml")):
        if "type: model" in path.read_text() and "invalid" not in path.name:
            yield f"models/{path.parent.name}/{path.name}", path
    for path in sorted((shared / "golden/predict/rdf").glob("*.rdf.yaml")):
        name = path.name.removesuffix(".rdf.yaml")
        yield f"golden/{name}", golden_package(shared, name, folder / name)
    for path in sorted((shared / "data/models_made").iterdir()):
        if path.is_dir() and path.name != "zips":
            yield f"models_made/{path.name}", path
