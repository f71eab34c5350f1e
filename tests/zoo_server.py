"""A mirror of the collection on this machine, made on the fly of any packages, that can misbehave.

Laid out as docs/mirror.md says.
"""

import io
import json
import pathlib
import zipfile

from web_server import Fault, WebServer, sha256

__all__ = ["Fault", "Mirror", "sha256"]
DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml", "v0_4.bioimageio.yaml")


class Mirror(WebServer):
    def __init__(self):
        super().__init__()
        self.models = {}

    def add_model(self, name, folder, version="v0", report=None, edit=None, **marks):
        """A package's folder as a model of the collection; `edit` may change the description's text."""
        folder = pathlib.Path(folder)
        description = next(folder / d for d in DESCRIPTIONS if (folder / d).exists())
        text = description.read_text()
        text = (edit(text) if edit else text).encode()
        self.add_file(f"/artifacts/{name}/files/rdf.yaml", text, "application/yaml")
        listing = [{"name": "rdf.yaml", "type": "file", "size": len(text)}]
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".yaml":
                relative = file.relative_to(folder).as_posix()
                self.add_file(f"/artifacts/{name}/files/{relative}", file.read_bytes())
                listing.append({"name": relative, "type": "file", "size": file.stat().st_size})
        self.add_file(f"/artifacts/{name}/files/", json.dumps(listing).encode(), "application/json")
        if report:
            self.add_file(f"/collection/reports/bioimage-io/{name}/{version}/summary.json", json.dumps(report).encode())
        item = self.models.setdefault(name, {"id": f"bioimage-io/{name}", "type": "model", "versions": [], **marks})
        item["versions"].append({"version": version, "sha256": sha256(text), "comment": None,
                                 "created_at": "2026-01-01T00:00:00Z",
                                 "source": f"https://nowhere.invalid/{name}/files/rdf.yaml?version={version}"})
        self.write_index()

    def add_stub(self, name, text):
        """A model of which there is only the description."""
        self.add_file(f"/artifacts/{name}/files/rdf.yaml", text.encode(), "application/yaml")
        self.models[name] = {"id": f"bioimage-io/{name}", "type": "model", "versions": [
            {"version": "v0", "sha256": sha256(text.encode()), "created_at": "", "comment": "", "source": ""}]}

    def write_index(self):
        items = [*self.models.values(), {"id": "bioimage-io/some-data", "type": "dataset", "versions": []}]
        index = {"items": items, "timestamp": "2026-05-20T03:53:28", "total": len(items), "count_per_type": {}}
        self.add_file("/collection/index.json", json.dumps(index).encode(), "application/json")

    def add_zip(self, path, folder):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(pathlib.Path(folder).iterdir()):
                if file.is_file() and (file.suffix != ".yaml" or file.name == "rdf.yaml"):
                    archive.write(file, file.name)
        self.add_file(path, buffer.getvalue(), "application/zip")
