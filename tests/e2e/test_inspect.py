"""`tegula inspect` on models: a card for people, a page, a citation, and JSON for programs."""

import json
import re
import shutil


def test_the_card_says_what_goes_in_and_what_comes_out(tegula, data):
    card = tegula("inspect", data / "models_made/he_nuclei_rgb").ok().out
    for words in ("U-Net for H&E", "channel: red, green, blue", "whole numbers from 0 to 255 (uint8)",
                  "y: 128, 136, 144, ... pixels of 0.5 µm", "y: as image.y", "48 to be cropped at each end",
                  "softmax along channel, which gives probabilities", "times 0.003922, plus 0 along channel",
                  "with openvino", "CC0-1.0", "https://doi.org/10.1007/978-3-319-24574-4_28", "╭──────────╮"):
        assert words in card, words


def test_the_page_shows_the_cover_and_runs_nothing(tegula, data, tmp_path):
    page = tmp_path / "card.html"
    tegula("inspect", data / "models_made/he_nuclei_rgb", "--html", page).ok()
    html = page.read_text()
    assert "data:image/png;base64," in html and "<svg" in html and "<script" not in html
    assert not re.search(r"(src|href)=\"(?!data:|https?://)", html)


def test_text_of_strangers_is_escaped(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    text = (model / "rdf.yaml").read_text()
    (model / "rdf.yaml").write_text(re.sub(r"(?m)^description: .*$", "description: '<img src=x onerror=alert(1)>'", text))
    tegula("inspect", model, "--html", tmp_path / "card.html").ok()
    assert "<img src=x" not in (tmp_path / "card.html").read_text()
    tegula("validate", model, "--html", tmp_path / "findings.html")
    assert "<img src=x" not in (tmp_path / "findings.html").read_text()


def test_what_to_cite_is_bibtex(tegula, data):
    bibtex = tegula("inspect", data / "models_made/he_nuclei_rgb", "--cite", "bibtex").ok().out
    assert bibtex.startswith("@misc{henucleirgb1,") and "doi = {10.1007/978-3-319-24574-4\\_28}" in bibtex


def test_programs_get_all_of_it(tegula, data):
    card = json.loads(tegula("inspect", data / "models_made/he_nuclei_rgb", "--json").ok().out)
    assert card["type"] == "model" and card["applies"] and card["errors"] == 0
    assert card["tile_sizes"][0] == {"axis": "y", "min": 128, "step": 8, "halo": 48}
    assert card["outputs"][0]["axes"][1]["channel_names"] == ["background", "nucleus", "other_tissue"]


def test_old_and_other_descriptions_are_shown_as_far_as_they_can_be(tegula, data):
    corpus = data / "spec-corpus"
    old = tegula("inspect", corpus / "core-bioimage-io-java/src/test/resources/example.model.yaml").ok().out
    assert "authors        author1, author2" in old and "It does not run here" in old and "type: is missing" in old
    dataset = corpus / "spec-bioimage-io/example_descriptions/datasets/covid_if_training_data/bioimageio.yaml"
    card = json.loads(tegula("inspect", dataset, "--json").ok().out)
    assert card["type"] == "dataset" and not card["runs"] and "describes a dataset" in card["reason"]
