"""Public sets are read into our fields: values as the text has them, silence asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from smartform.sources import presets
from training.config import PublicSet, read_config
from training.public import LOADERS, SOURCES, load_public, located, main, reach
from training.targets import example_of

SGD = {
    "id": "1_0",
    "service": "Restaurants_1",
    "service_description": "Find a table",
    "intents": ["Reserve"],
    "slots": [
        {"name": "restaurant_name", "description": "Name", "possible_values": None},
        {"name": "date", "description": "Day", "possible_values": None},
        {"name": "time", "description": "Hour", "possible_values": None},
        {"name": "party_size", "description": "Guests", "possible_values": ["1", "2", "3"]},
        {"name": "has_live_music", "description": "Music", "possible_values": ["True", "False"]},
        {"name": "price_range", "description": "Price", "possible_values": ["cheap", "pricey"]},
        {"name": "cuisine", "description": "Food", "possible_values": ["Thai", "Greek"]},
        {"name": "phone_number", "description": "Phone", "possible_values": None},
    ],
    "dialogue": (
        "USER: A table at andes cafe tomorrow at 7 pm for two, a sushi place.\n"
        "SYSTEM: It has live music. Call 650-323-8008."
    ),
    "target": {
        "restaurant_name": ["Andes Cafe San Mateo", "Andes Cafe"],
        "date": ["tomorrow"],
        "time": ["evening 7", "7 pm"],
        "party_size": ["2"],
        "price_range": ["dontcare"],
        "cuisine": ["Sushi"],
    },
    "first_user_utterance": "A table for two.",
    "first_turn_target": {"party_size": ["2"]},
}
OURS = ("resume", "metadata")
PAGE = {
    "id": "md-x", "lang": "en", "doc_type": "thesis",
    "text": "On Tea\nand Time\nA thesis by Ada Lum\nSupervised by Bo Ek\nLeeds, May 2021\n\nWe drink.",
    "metadata": {
        "title": "On Tea and Time", "subtitle": None, "authors": ["Ada Lum"], "advisors": ["Bo Ek"],
        "institution": "University of Leeds", "publication_venue": None, "date": "2021-05", "language": "en",
        "keywords": None, "doi": None, "isbn": None, "issn": None, "abstract": "We drink.",
    },
}  # fmt: skip
SNIPS = [
    {
        "text": "Play MÃºsica by Ada for 4 people ",
        "intent": "PlayMusic",
        "slots": [
            {"slot": "track", "start": 5, "end": 12, "value": "MÃºsica"},
            {"slot": "artist", "start": 16, "end": 19, "value": "Ada"},
            {"slot": "party_size_number", "start": 24, "end": 25, "value": "4"},
        ],
    },
    {
        "text": "play jazz and rock",
        "intent": "PlayMusic",
        "slots": [
            {"slot": "genre", "start": 5, "end": 9, "value": "jazz"},
            {"slot": "genre", "start": 14, "end": 18, "value": "rock"},
        ],
    },
]
HOME = [
    {
        "text": "luci rosse al 50% in cucina",
        "intent": "HassLightSet",
        "slots": {"color": "red", "brightness": 50, "area": "Cucina", "domain": "light"},
        "response": "",
    },
    {"text": "spegni tutto", "intent": "HassLightSet", "slots": {"name": "Lampada"}, "response": ""},
]
GROBID = {
    "id": "p1",
    "lang": "en",
    "text": "On Tea\nand Time\nAda Lee 1 , Bo Ek 2\n3 May 2007\nada@x.org\nAbstract\nWe drink tea.",
    "fields": {
        "title": ["On Tea and Time"],
        "authors": ["Ada Lee 1 , Bo Ek 2"],
        "date": ["3 May 2007"],
        "abstract": ["We drink tea."],
    },
}


def written(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def values(row: dict[str, Any]) -> dict[str, Any]:
    example_of(row)
    return {field["name"]: field["value"] for field in row["form_fields"]}


def types(row: dict[str, Any]) -> dict[str, str]:
    return {field["name"]: field["type"] for field in row["form_fields"]}


def test_dialogues_fill_the_slots_of_their_service(tmp_path: Path) -> None:
    rows = load_public("sgd", written(tmp_path / "train.jsonl", SGD))
    whole, first = rows
    assert values(whole) == {
        "restaurant_name": "andes cafe",
        "date": "2019-03-02",
        "time": "19:00",
        "party_size": "2",
        "cuisine": "sushi",
    }
    assert types(whole)["party_size"] == "integer"
    assert types(whole)["cuisine"] == "text"
    assert first["id"] == "sgd-train-1_0-first"
    assert {name for name, value in values(first).items() if value is not None} == {"party_size"}
    assert types(first)["has_live_music"] == "boolean"
    assert types(first)["phone_number"] == "phone"
    assert len(first["form_fields"]) == len(SGD["slots"])
    assert reach(rows) == (6, 6, 7)


def test_a_figure_that_is_said_in_words_is_one(tmp_path: Path) -> None:
    stay = {"name": "number_of_days", "description": "Nights", "possible_values": []}
    record = SGD | {
        "slots": [stay],
        "target": {"number_of_days": ["three"]},
        "dialogue": "USER: A room for three nights.",
        "first_turn_target": {},
    }
    [row] = load_public("sgd", written(tmp_path / "train.jsonl", record))
    assert (types(row), values(row)) == ({"number_of_days": "integer"}, {"number_of_days": "3"})


def test_commands_are_mended_and_slots_filled_twice_are_not_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "train.jsonl", *SNIPS)
    rows = {row["id"]: values(row) for row in load_public("snips", path)}
    assert rows["snips-train-0"] == {
        "track": "Música",
        "artist": "Ada",
        "party_size_number": "4",
        "genre": None,
    }
    assert rows["snips-train-1"] == {"track": None, "artist": None, "party_size_number": None}


def test_home_commands_take_their_language_from_the_file(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in load_public("home", written(tmp_path / "it.jsonl", *HOME))}
    first, second = rows["home-it-0"], rows["home-it-1"]
    assert first["lang"] == "it"
    assert values(first) == {"color": "red", "brightness": "50", "area": "cucina", "name": None}
    assert types(first)["color"] == "choice"
    assert values(second) == {"color": None, "brightness": None, "area": None}


def test_front_pages_are_copied_and_dated(tmp_path: Path) -> None:
    (row,) = load_public("grobid", written(tmp_path / "corpus.jsonl", GROBID))
    found = values(row)
    assert found["title"] == "On Tea and Time"
    assert found["date"] == "2007-05-03"
    assert found["abstract"] == "We drink tea."
    assert found["funding"] is None
    assert "email" not in found
    assert "doctype" not in found


def test_first_pages_are_asked_with_the_apps_own_form(tmp_path: Path) -> None:
    (row,) = load_public("metadata", written(tmp_path / "train.jsonl", PAGE))
    found = values(row)
    assert found["title"] == "On Tea and Time"
    assert found["published"] == "2021-05"
    assert found["kind"] == "thesis"
    assert found["advisors"] == ["Bo Ek"]
    assert found["doi"] is found["keywords"] is found["isbn"] is found["issn"] is None
    assert set(found) <= set(presets()["scholarly_metadata"].names)
    assert "institution" not in found, "the text does not hold it as it is written"
    assert example_of(row).targets["published"] == "May 2021"


def test_our_first_pages_can_be_reached_and_none_is_measured_and_learnt() -> None:
    learnt, measured = (
        load_public("metadata", f"training/data/metadata/{part}.jsonl") for part in ("train", "dev")
    )
    reached, valued, silent = reach(learnt)
    assert reached / valued > 0.97
    assert silent
    assert not {row["id"] for row in learnt} & {row["id"] for row in measured}


def test_a_part_is_drawn_the_same_way_each_time(tmp_path: Path) -> None:
    path = written(tmp_path / "it.jsonl", *(HOME[0] | {"text": f"{n} in cucina"} for n in range(30)))
    drawn = [[row["id"] for row in load_public("home", path, 5, seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 5


def test_what_is_held_is_not_what_training_draws(tmp_path: Path) -> None:
    path = written(tmp_path / "it.jsonl", *(HOME[0] | {"text": f"{n} in cucina"} for n in range(30)))
    learnt, held = ({row["id"] for row in load_public("home", path, 15, held=h)} for h in (False, True))
    assert len(learnt) == len(held) == 15
    assert not learnt & held


def test_a_source_is_a_file_or_a_hub_address(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").touch()
    assert located(str(tmp_path / "x.jsonl")) == tmp_path / "x.jsonl"
    with pytest.raises(ValueError, match="hub:owner/set/file"):
        located("hub:owner/set")
    with pytest.raises(ValueError, match="no public set"):
        load_public("sdg", "x.jsonl")
    with pytest.raises(FileNotFoundError):
        load_public("sgd", str(tmp_path / "none.jsonl"))


def test_every_set_states_its_licence() -> None:
    assert SOURCES.keys() == LOADERS.keys()
    assert all(re.search(r"CC0|CC BY|Apache", source) for source in SOURCES.values())
    assert all("CC" in (loader.__doc__ or "") for name, loader in LOADERS.items() if name not in OURS)


def test_the_command_prints_rows_and_their_reach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["sgd", written(tmp_path / "train.jsonl", SGD), "--rows", "1"])
    shown = capsys.readouterr().out
    assert "restaurant_name (text): andes cafe" in shown
    assert "1 rows, 5 values, reachable 1.000, 0 silent fields" in shown


def test_a_configuration_names_public_sets(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        "name: a\nbase: b\ndata: [x]\naugment_style: 0.3\npublic: [{set: sgd, path: p.jsonl, rows: 9}]\n"
    )
    config = read_config(path)
    assert config.public == (PublicSet("sgd", "p.jsonl", 9),)
    assert config.augment_style == 0.3
    assert config.to_dict()["public"] == [{"set": "sgd", "path": "p.jsonl", "rows": 9}]
    flagged = read_config(path, {"public": ["{set: home, path: it.jsonl}"]})
    assert flagged.public == (PublicSet("home", "it.jsonl"),)
    with pytest.raises(ValueError, match="set, path and rows"):
        read_config(path, {"public": ["{kind: home}"]})
