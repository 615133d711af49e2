"""What hasty writers and learners do to words and letters: tables that `training.corrupt` draws from,
beside those of `smartform.confusions`."""

from __future__ import annotations

UNCOUNTABLE = frozenset(
    "information advice furniture equipment feedback homework research knowledge luggage baggage software "
    "hardware traffic news evidence weather progress work money music staff help access luck training "
    "behaviour behavior health pollution transportation education experience accommodation mail stuff "
    "time water electricity attention support trouble".split()
)

LOWERED = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august "
    "september october november december english german french italian spanish portuguese dutch swedish "
    "chinese japanese european american british christmas easter internet".split()
)
"""Words whose capital people forget."""

NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok",
    "o": "ipl", "p": "ol", "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn",
    "j": "hukm", "k": "jil", "l": "kop", "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn",
    "n": "bhjm", "m": "njk",
}  # fmt: skip
"""Letters beside each other on an English keyboard."""
