"""Public data sets → rows in our written format (`training/data/FORMAT.md`).

    python -m training.public sgd PATH --rows 5

PATH is a JSONL file, `hub:owner/set/file.jsonl` for a file of a data set on the Hugging Face Hub, or
`made:COUNT` for resumes that are made up. Values are verbatim where the type asks for it; a slot
whose value cannot be found in the text is not asked; slots the text says nothing about are asked
with no value, so that silence is learnt. The command prints rows and the share of the values that
decoding can reach.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download

from smartform.errors import ValueProblem
from smartform.grounding import ground
from smartform.schema import Field, FieldType, Value, humanise
from smartform.values import SPOTTED, find_candidates, languages_of, normalise
from smartform.values.words import fold, words_of
from training.metadata_data import metadata
from training.resume_data import dotin, resumes
from training.resume_synth import made_resumes
from training.targets import target_of

Row = dict[str, Any]
"""One example as `training/data/FORMAT.md` describes it."""

Records = Sequence[Mapping[str, Any]]
"""The lines of a set's file."""

HUB = "hub:"
MADE = "made:"
SGD_TODAY = "2019-03-01"
"""The day on which the dialogues' relative dates are resolved."""

MAX_ABSTRACT = 700
"""Characters; longer abstracts are not asked, for they would be most of what is learnt."""

MAX_ITEMS = 6
"""Longer lists are not asked, for the same reason."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Show rows of a public data set.")
    parser.add_argument("set", choices=sorted(LOADERS))
    parser.add_argument("path", help="a JSONL file, hub:owner/set/file.jsonl, or made:COUNT")
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    rows = load_public(arguments.set, arguments.path, arguments.rows, arguments.seed)
    for row in rows:
        print(row["id"], row["lang"], row["scenario"], row["text"], sep="\n")
        for field in row["form_fields"]:
            print(f"  {field['name']} ({field['type']}): {field['value']}")
        print()
    reached, valued, silent = reach(rows)
    share = f"{reached / valued:.3f}" if valued else "none"
    print(f"{len(rows)} rows, {valued} values, reachable {share}, {silent} silent fields")


def load_public(
    name: str, source: str, rows: int | None = None, seed: int = 0, *, held: bool = False
) -> list[Row]:
    """Read the set called `name` (a member of `LOADERS`).

    Args:
        source: a local JSONL file, `hub:owner/set/file.jsonl`, or for resumes `made:COUNT`.
        rows: how many to take, in an order drawn with `seed`; None takes all.
        held: take them from the end of that order, where training, which begins at its beginning,
            does not come.

    Raises:
        ValueError: no such set, or a malformed Hub address.
        FileNotFoundError: no such file.
    """
    if name not in LOADERS:
        raise ValueError(f"no public set is called {name!r}; known: {', '.join(sorted(LOADERS))}")
    records, part = _records(source, seed)
    order = random.Random(seed).sample(range(len(records)), len(records))
    order = order[::-1] if held else order
    found = (row for row in LOADERS[name](records, order, part) if row["form_fields"])
    return list(islice(found, rows))


def _records(source: str, seed: int) -> tuple[list[Row], str]:
    """The records that `source` names, and what their ids begin with."""
    if source.startswith(MADE):
        return made_resumes(int(source.removeprefix(MADE)), seed), "made"
    path = located(source)
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()], path.stem


def located(source: str) -> Path:
    """The file that `source` names, fetched from the Hub where it says so.

    Raises:
        ValueError: a Hub address without owner, set and file.
        FileNotFoundError: no such file.
    """
    if not source.startswith(HUB):
        if not Path(source).is_file():
            raise FileNotFoundError(
                f"{source} is not here. training/data/PUBLIC.md says where the public sets come from;"
                " a run without this one leaves its line out of the configuration."
            )
        return Path(source)
    parts = source.removeprefix(HUB).split("/", 2)
    if len(parts) < 3 or not all(parts):
        raise ValueError(f"{source}: write {HUB}owner/set/file.jsonl")
    return Path(hf_hub_download("/".join(parts[:2]), parts[2], repo_type="dataset"))


def reach(rows: Sequence[Row]) -> tuple[int, int, int]:
    """(values that a branch can write, values, fields without a value)."""
    reached = valued = silent = 0
    for row in rows:
        text, today = row["text"], date.fromisoformat(row["today"]) if row["today"] else None
        for data in row["form_fields"]:
            if data["value"] is None:
                silent += 1
                continue
            target = target_of(Field.from_dict(data), data["value"], text, languages_of(text), today)
            valued += 1
            reached += target is not None
    return reached, valued, silent


def _row(name: str, lang: str, scenario: str, text: str, fields: list[dict[str, Any]], **more: Any) -> Row:
    row = {"id": name, "lang": lang, "style": "chat", "scenario": scenario, "today": None, "text": text}
    return row | more | {"form_fields": fields}


def _field(
    name: str, kind: FieldType, description: str, value: Value, options: Sequence[str] = ()
) -> dict[str, Any]:
    data = {"name": name, "type": kind.value, "description": description, "value": value}
    return data | ({"options": list(options)} if kind.has_options else {})


def _verbatim(value: str, text: str) -> str | None:
    """`value` as it is spelt in the text, on one line; None where it does not stand there."""
    span = ground(value, text)
    return None if span is None else " ".join(text[span.start : span.end].split())


_PLAIN_TO_SEE = (FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.TIME, FieldType.DATE)
"""Types of which the text must hold no expression at all; figures are too many to ask that of."""


def _unmentioned(name: str, kind: FieldType, text: str) -> bool:
    """Whether nothing in the text hints at a field: no word of its name, no contact or time of its type."""
    if kind in _PLAIN_TO_SEE and find_candidates(kind, text, languages_of(text)):
        return False
    said = {word.folded[:4] for word in words_of(text)}
    return not any(word.folded[:4] in said for word in words_of(humanise(name)) if len(word.folded) > 3)


# Schema-Guided Dialogue

_SGD_NUMBERS = frozenset(
    """
    amount price fare rent balance rating average_rating total_price price_per_night ride_fare humidity
    wind temperature precipitation
    """.split()
)


def sgd(records: Records, order: Sequence[int], part: str) -> Iterator[Row]:
    """Dialogues that book and look up things: a form of the service's slots, filled by the user's goal.

    Schema-Guided Dialogue (google-research-datasets/dstc8-schema-guided-dialogue), CC BY-SA 4.0.
    Records: id, service, service_description, slots (name, description, possible_values), dialogue,
    target (slot → spoken variants), first_user_utterance, first_turn_target. Each dialogue gives a
    row, and another for its first utterance alone. 'dontcare' is neither value nor silence and is
    not asked. In a whole dialogue the system may have told what the user's goal does not hold, so a
    slot is asked in vain only where its name is not so much as hinted at.
    """
    closed = _sgd_closed(records)
    for record in (records[number] for number in order):
        name, lines = f"sgd-{part}-{record['id']}", record["dialogue"]
        fields = _sgd_fields(record, lines, record["target"], closed, whole=True)
        yield _row(name, "en", record["service_description"], lines, fields, today=SGD_TODAY)
        if record["first_turn_target"]:
            text = record["first_user_utterance"]
            fields = _sgd_fields(record, text, record["first_turn_target"], closed, whole=False)
            yield _row(f"{name}-first", "en", record["service_description"], text, fields, today=SGD_TODAY)


def _sgd_closed(records: Records) -> set[tuple[str, str]]:
    """(service, slot) whose values never leave the listed ones: some lists are only examples."""
    closed, opened = set(), set()
    for record in records:
        for slot in record["slots"]:
            listed = slot["possible_values"]
            said = [v for v in record["target"].get(slot["name"], ()) if v != "dontcare"]
            key = record["service"], slot["name"]
            (closed if listed and set(said) <= set(listed) else opened).add(key)
    return closed - opened


def _sgd_type(slot: Mapping[str, Any], closed: bool) -> FieldType:
    name, listed = slot["name"], slot["possible_values"] or ()
    if set(listed) == {"True", "False"}:
        return FieldType.BOOLEAN
    if name == "number_of_days" or (closed and all(v.isdecimal() for v in listed)):
        return FieldType.INTEGER
    if closed:
        return FieldType.CHOICE
    if name in _SGD_NUMBERS:
        return FieldType.NUMBER
    endings = {"date": FieldType.DATE, "time": FieldType.TIME, "number": FieldType.PHONE}
    return FieldType.TEXT if name == "wait_time" else endings.get(name.split("_")[-1], FieldType.TEXT)


def _sgd_fields(
    record: Mapping[str, Any],
    text: str,
    target: Mapping[str, Sequence[str]],
    closed: set[tuple[str, str]],
    *,
    whole: bool,
) -> list[dict[str, Any]]:
    fields = []
    for slot in record["slots"]:
        name, said = slot["name"], target.get(slot["name"])
        kind = _sgd_type(slot, (record["service"], name) in closed)
        if said:
            value = _sgd_value(name, kind, said, text)
            asked = value is not None
        else:
            value, asked = None, not whole or _unmentioned(name, kind, text)
        if asked:
            fields.append(_field(name, kind, slot["description"], value, slot["possible_values"] or ()))
    return fields


def _sgd_value(name: str, kind: FieldType, said: Sequence[str], text: str) -> str | None:
    """The first spoken variant that the text holds, as its type is written."""
    if "dontcare" in said:
        return None
    if kind is FieldType.BOOLEAN:
        return said[0].lower()
    if said[0].isdecimal() if kind is FieldType.INTEGER else kind is FieldType.CHOICE and said[0]:
        return said[0]
    spelt = [v for v in (_verbatim(variant, text) for variant in said) if v is not None]
    if kind is FieldType.TEXT:
        return spelt[0] if spelt else None
    for variant in spelt:
        try:
            value = normalise(Field(name, kind), variant, today=date.fromisoformat(SGD_TODAY))
        except ValueProblem:
            continue
        if isinstance(value, str):
            return value
    return None


# SNIPS

_SNIPS = {
    "music_item": "Kind of item: song, album, track, ...",
    "playlist": "Name of the playlist",
    "artist": "Artist or band",
    "playlist_owner": "Whose playlist it is",
    "entity_name": "Name of the song or album to add",
    "restaurant_name": "Name of the restaurant",
    "restaurant_type": "Kind of place to eat",
    "state": "State or province",
    "timeRange": "When, as it is said",
    "spatial_relation": "Where, in relation to the place",
    "poi": "Neighbourhood or landmark",
    "served_dish": "Dish to be served",
    "party_size_number": "Number of guests",
    "country": "Country",
    "city": "City",
    "sort": "What it is ranked by",
    "cuisine": "Cuisine",
    "facility": "Facility it should have",
    "party_size_description": "Who will come, in words",
    "geographic_poi": "Park, forest or other sight",
    "condition_description": "Weather condition asked about",
    "condition_temperature": "Warm, cold or other word for the temperature",
    "current_location": "Words for the place where the speaker is",
    "track": "Title of the track",
    "service": "Streaming service",
    "year": "Year or decade",
    "album": "Title of the album",
    "genre": "Genre",
    "object_name": "Title of the work",
    "rating_value": "Rating given",
    "best_rating": "Best rating there is",
    "rating_unit": "Unit of the rating",
    "object_select": "Which one is meant (this, current, last, ...)",
    "object_type": "Kind of work or of information",
    "object_part_of_series_type": "Series, saga or chronicle it belongs to",
    "location_name": "Name of the cinema",
    "movie_name": "Title of the film",
    "object_location_type": "Kind of place where films are shown",
    "movie_type": "Kind of film",
}
_SNIPS_INTEGERS = frozenset({"party_size_number", "rating_value", "best_rating"})


def snips(records: Records, order: Sequence[int], part: str) -> Iterator[Row]:
    """Spoken commands: the slots of the command's intent, those it does not have left empty.

    SNIPS custom intent engines, 2017 (sonos/nlu-benchmark), CC0 1.0. Records: text, intent, slots
    (slot, start, end, value). A slot that is filled twice in one command is not asked.
    """
    known: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        known[record["intent"]].update((slot["slot"], None) for slot in record["slots"])
    for number in order:
        record = records[number]
        text = _unbroken(record["text"]).strip()
        said = defaultdict(list)
        for slot in record["slots"]:
            said[slot["slot"]].append(_unbroken(slot["value"]))
        fields = []
        for name in known[record["intent"]]:
            kind = FieldType.INTEGER if name in _SNIPS_INTEGERS else FieldType.TEXT
            value = _said_once(name, kind, said[name], text)
            if value is not None or not said[name]:
                fields.append(_field(name, kind, _SNIPS.get(name, ""), value))
        yield _row(f"snips-{part}-{number}", "en", humanise(record["intent"]), text, fields, style="speech")


def _said_once(name: str, kind: FieldType, said: Sequence[str], text: str) -> str | None:
    spelt = _verbatim(said[0], text) if len(said) == 1 else None
    if spelt is None or kind is FieldType.TEXT:
        return spelt
    try:
        value = normalise(Field(name, kind), spelt)
    except ValueProblem:
        return None
    return value if isinstance(value, str) else None


def _unbroken(text: str) -> str:
    """UTF-8 that was once read as Latin-1, put right; any other text as it is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


# Home Assistant

_HA_NUMBERS = frozenset(
    """
    hours minutes seconds start_hours start_minutes start_seconds brightness temperature percentage position
    volume_level
    """.split()
)
_HA_CHOICES = {
    "color": ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white"),
    "state": ("on", "off", "open", "closed", "locked", "unlocked", "home", "not_home"),
    "media_class": ("artist", "track", "album", "playlist", "podcast", "movie", "tv_show"),
    "device_class": ("window", "door", "garage", "curtain", "blind", "shutter", "awning", "gate"),
}
_HA = {
    "area": "Room",
    "floor": "Floor of the house",
    "name": "Name of the device, list or person",
    "item": "Item or task",
    "message": "Message to broadcast",
    "search_query": "What to play",
    "conversation_command": "Command to carry out when the time is over",
    "hours": "Hours",
    "minutes": "Minutes",
    "seconds": "Seconds",
    "start_hours": "Hours the timer was set for",
    "start_minutes": "Minutes the timer was set for",
    "start_seconds": "Seconds the timer was set for",
    "brightness": "Brightness in percent",
    "temperature": "Temperature",
    "percentage": "Speed in percent",
    "position": "Position in percent",
    "volume_level": "Volume in percent",
    "color": "Colour of the light",
    "state": "State that is asked about",
    "media_class": "Kind of media",
    "device_class": "Kind of opening",
}


def home(records: Records, order: Sequence[int], part: str) -> Iterator[Row]:
    """Smart-home commands: the slots of the command's intent; `part`, the file's name, is the language.

    Home Assistant intents, test sentences (OHF-Voice/intents), CC BY 4.0. Records: text, intent,
    slots. Their values are normalised ('red' for 'rosso'), so numbers and closed lists are kept as
    they are, names only where the text holds them; other slots are never asked.
    """
    known: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        known[record["intent"]].update((slot, None) for slot in record["slots"] if slot in _HA)
    for number in order:
        record = records[number]
        text, slots, fields = record["text"], record["slots"], []
        for name in known[record["intent"]]:
            kind = _ha_type(name)
            value = _ha_value(name, kind, str(slots[name]), text) if name in slots else None
            if value is not None or name not in slots:
                fields.append(_field(name, kind, _HA[name], value, _HA_CHOICES.get(name, ())))
        yield _row(f"home-{part}-{number}", part, humanise(record["intent"]), text, fields, style="speech")


def _ha_type(name: str) -> FieldType:
    if name in _HA_NUMBERS:
        return FieldType.NUMBER
    return FieldType.CHOICE if name in _HA_CHOICES else FieldType.TEXT


def _ha_value(name: str, kind: FieldType, value: str, text: str) -> str | None:
    if kind is FieldType.CHOICE:
        return value if value in _HA_CHOICES[name] else None
    return value if kind is FieldType.NUMBER else _verbatim(value, text)


# GROBID

_GROBID = {
    "title": (FieldType.LONGTEXT, "Title of the article"),
    "authors": (FieldType.LONGTEXT, "The line of authors, as printed"),
    "abstract": (FieldType.LONGTEXT, "Abstract"),
    "keywords": (FieldType.LONGTEXT, "Keywords, as printed"),
    "date": (FieldType.DATE, "Date of publication"),
    "email": (FieldType.LIST, "E-mail addresses"),
    "affiliation": (FieldType.LIST, "Affiliations, as printed"),
    "phone": (FieldType.PHONE, "Telephone number"),
    "funding": (FieldType.LONGTEXT, "Who paid for the work"),
    "copyright": (FieldType.LONGTEXT, "Copyright notice"),
    "doctype": (FieldType.TEXT, "Kind of article, as printed"),
}
_GROBID_HINTS = {
    "keywords": ("keyword", "key word", "index term", "mots"),
    "funding": ("fund", "grant", "support", "financ"),
    "copyright": ("copyright", "©", "licen", "rights reserved"),
    "abstract": ("abstract", "summary", "resume"),
    "email": ("@", "mail"),
    "phone": ("tel", "phone", "fax"),
    "affiliation": ("univ", "instit", "dep", "school", "laborator"),
}
"""What silence on a label must not contain: annotators left out some of what stands there."""


def grobid(records: Records, order: Sequence[int], part: str) -> Iterator[Row]:
    """Front pages of articles: title, authors, abstract and the like, as they are printed.

    GROBID header training data (kermitt2/grobid), CC BY 4.0. Records: id, lang, text, fields (label
    → annotated strings).
    """
    for record in (records[number] for number in order):
        text, labels, fields = record["text"], record["fields"], []
        for name, (kind, description) in _GROBID.items():
            value = _grobid_value(name, kind, labels[name], text) if labels.get(name) else None
            silent = not labels.get(name) and _grobid_silent(name, kind, text)
            if value or silent:
                fields.append(_field(name, kind, description, value))
        lang = record.get("lang") or "en"
        yield _row(f"grobid-{part}-{record['id']}", lang, "article", text, fields, style="document")


def _grobid_value(name: str, kind: FieldType, found: Sequence[str], text: str) -> Value:
    flat = " ".join(text.split())
    pieces = [" ".join(piece.split()) for piece in found]
    if kind is FieldType.LIST:
        pieces = list(dict.fromkeys(pieces))
        return pieces if len(pieces) <= MAX_ITEMS and all(piece in flat for piece in pieces) else None
    if len(pieces) > 1 or (name == "abstract" and len(pieces[0]) > MAX_ABSTRACT):
        return None
    if kind not in SPOTTED:
        return pieces[0] if pieces[0] in flat else None
    try:
        value = normalise(Field(name, kind), pieces[0])
    except ValueProblem:
        return None
    return value


def _grobid_silent(name: str, kind: FieldType, text: str) -> bool:
    if name in ("title", "authors", "doctype"):
        return False
    if kind in SPOTTED and find_candidates(kind, text, languages_of(text)):
        return False
    plain = re.sub(r"\s+", " ", fold(text))
    return not any(hint in plain for hint in _GROBID_HINTS.get(name, ()))


SOURCES = {
    "sgd": "Schema-Guided Dialogue (Rastogi et al. 2020, CC BY-SA 4.0)",
    "snips": "SNIPS custom intents (Coucke et al. 2018, CC0)",
    "home": "Home Assistant intents (CC BY 4.0)",
    "grobid": "GROBID headers (annotations CC BY 4.0)",
    "resume": "resumes written or made up for this product (Apache-2.0)",
    "dotin": "dotin resumes (CC0 1.0)",
    "metadata": "first pages of papers and books written for this product (Apache-2.0)",
}
"""What each set is, and its licence, for model cards."""

LOADERS: dict[str, Callable[[Records, Sequence[int], str], Iterator[Row]]] = {
    "sgd": sgd,
    "snips": snips,
    "home": home,
    "grobid": grobid,
    "resume": resumes,
    "dotin": dotin,
    "metadata": metadata,
}
"""Name in a configuration → what turns a file's records, in an order, into rows; it knows the file's name."""


if __name__ == "__main__":
    main()
