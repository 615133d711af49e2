"""Clean English text → the text with errors that learners and hasty writers make.

    python -m training.corrupt --text "I have sent you the report." --show 8

A writer is drawn first (learner, typist or both, careful or not), then errors one by one, each where
the words around make it an error. Figures, addresses and names stay as they are. The same seed gives
the same errors. Inflections come from lemminflect, misspellings from codespell's list of those that
people have made.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from lemminflect import getAllInflections, getAllLemmas

from smartform.confusions import HOMOPHONES, PHRASES, PREPOSITIONS, SPLIT_JOINED
from training.confusions import LOWERED, NEIGHBOURS, UNCOUNTABLE

Tokens = list[str]
"""Words, marks and the white space between, in order; joined they are the text."""

_TOKEN = re.compile(
    r"https?://\S+|\S+@\S+|[A-Za-z]+(?:['’][A-Za-z]+)+|[A-Za-z]+|[^\W\d_]+|[\w./:#%€$£@+-]*\d(?:[\w./:%€-]|,(?=\d))*|\s+|.",
    re.DOTALL,
)
_SUBJECTS = {"i", "you", "we", "they"}
_THIRD = {"he", "she", "it", "this", "that", "everyone", "nobody", "somebody", "everybody", "someone", "who"}
_MODALS = {"can", "could", "will", "would", "should", "may", "might", "must", "don't", "didn't", "doesn't",
           "won't", "can't", "couldn't", "wouldn't", "shouldn't", "did", "does", "do", "cannot"}  # fmt: skip
_HAVE = {"have", "has", "had", "having", "i've", "we've", "you've", "they've", "haven't", "hasn't"}
_BE = {"is", "are", "was", "were", "am", "be", "been", "i'm", "it's", "we're", "you're", "they're", "isn't"}
_SINGULAR = {"a", "an", "this", "each", "every", "one", "another"}
_PLURAL = {"these", "those", "many", "several", "few", "both", "two", "three", "four", "five", "six",
           "ten", "some", "all", "other", "various", "more", "most"}  # fmt: skip
_ADVERBS = {"always", "also", "already", "still", "never", "often", "usually", "really", "just", "only",
            "probably", "sometimes", "recently", "now", "not"}  # fmt: skip
_AGREEMENT = {"is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has",
              "doesn't": "don't", "don't": "doesn't", "does": "do", "isn't": "aren't", "am": "is",
              "wasn't": "weren't", "hasn't": "haven't", "haven't": "hasn't"}  # fmt: skip
_DROPPED = {"to", "is", "are", "am", "was", "were", "be", "been", "have", "has", "it", "that", "do", "does",
            "of", "for", "will", "would", "and", "if", "at", "in", "on", "you"}  # fmt: skip
_OPENERS = {"however", "therefore", "also", "unfortunately", "moreover", "finally", "additionally", "yes",
            "first", "then", "so", "well", "meanwhile", "please"}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Show what becomes of a text.")
    parser.add_argument("--text", required=True)
    parser.add_argument("--show", type=int, default=5)
    arguments = parser.parse_args(argv)
    for seed in range(arguments.show):
        print(corrupt(arguments.text, Random(seed)))


@dataclass(frozen=True)
class Writer:
    """Who makes the errors.

    Args:
        words_per_error: mean number of words from one error to the next.
        learner: share of errors that are those of a learner; the rest are slips of a hasty hand.
    """

    words_per_error: float
    learner: float


WRITERS = (
    (Writer(4.5, 0.85), 3),
    (Writer(7.0, 0.8), 4),
    (Writer(12.0, 0.7), 3),
    (Writer(6.0, 0.2), 2),
    (Writer(14.0, 0.15), 2),
)
"""Writers and how often each is drawn."""


def corrupt(text: str, rng: Random) -> str:
    """`text` with at least one error, or as it is where none could be made."""
    writer = rng.choices([w for w, _ in WRITERS], [n for _, n in WRITERS])[0]
    tokens = split(text)
    words = sum(is_word(token) for token in tokens)
    wanted = max(1, round(rng.gauss(words / writer.words_per_error, 0.6)))
    own, made = set(tokens), 0
    for _ in range(6 * wanted):
        table = LEARNER if rng.random() < writer.learner else HASTY
        error = rng.choices([e for e, _ in table], [n for _, n in table])[0]
        changed = error(tokens, rng)
        if changed is None or not (set(tokens) - set(changed)) <= own:  # nothing is spoilt twice
            continue
        if "".join(changed) != "".join(tokens):
            tokens = split("".join(changed))
            made += 1
        if made == wanted:
            break
    return "".join(tokens).strip() or text


def split(text: str) -> Tokens:
    """Words, marks and white space; figures, web and mail addresses are one token each."""
    return _TOKEN.findall(text)


def is_word(token: str) -> bool:
    """Whether a token may be spoilt: letters of the English alphabet, with or without apostrophes."""
    return bool(re.fullmatch(r"[A-Za-z]+(?:['’][A-Za-z]+)*", token))


def at_start(tokens: Tokens, place: int) -> bool:
    """Whether the word at `place` begins a sentence."""
    before = "".join(tokens[max(0, place - 3) : place]).rstrip()
    return not before or before[-1] in ".!?:\n"


def is_name(tokens: Tokens, place: int) -> bool:
    """Whether the word at `place` looks like a name: capitals where no sentence begins."""
    word = tokens[place]
    return word != "I" and not word.startswith("I'") and word[:1].isupper() and not at_start(tokens, place)


def places(tokens: Tokens, wanted: Callable[[str], bool]) -> list[int]:
    """Where words are that `wanted` says yes to (asked in lower case), names left out."""
    return [
        i
        for i, token in enumerate(tokens)
        if is_word(token) and not is_name(tokens, i) and wanted(token.lower())
    ]


def previous(tokens: Tokens, place: int) -> str:
    """The word before `place` in lower case; "" where another sentence or nothing is."""
    for token in reversed(tokens[:place]):
        if is_word(token):
            return token.lower()
        if not token.isspace():
            return ""
    return ""


def following(tokens: Tokens, place: int) -> str:
    """The word after `place` in lower case; "" where a mark or nothing is."""
    rest = [token for token in tokens[place + 1 : place + 3] if not token.isspace()]
    return rest[0].lower() if rest and is_word(rest[0]) else ""


def put(tokens: Tokens, place: int, word: str) -> Tokens:
    """The tokens with another word at `place`, its first letter as large as it was."""
    old = tokens[place]
    if word and old[:1].isupper() and old != "I" and not old.startswith("I'"):
        word = word[0].upper() + word[1:]
    return [*tokens[:place], word, *tokens[place + 1 :]]


def drop(tokens: Tokens, place: int) -> Tokens:
    """The tokens without the word at `place` and a space beside it."""
    begins, upper = at_start(tokens, place), tokens[place][:1].isupper()
    end = place + 2 if place + 1 < len(tokens) and tokens[place + 1].isspace() else place + 1
    rest = tokens[end:]
    if begins and upper and rest and is_word(rest[0]):
        rest = [rest[0][0].upper() + rest[0][1:], *rest[1:]]
    return [*tokens[:place], *rest]


@cache
def forms(word: str, part: str) -> dict[str, tuple[str, ...]]:
    """Penn tag → inflected forms of the word's lemma as a `part` (VERB, NOUN, ADJ); {} where it is none."""
    lemmas = getAllLemmas(word, part).get(part, ())
    return getAllInflections(lemmas[0], part) if lemmas else {}


def tagged(word: str, part: str, tag: str) -> bool:
    """Whether `word` is the `tag` form of a `part`."""
    return word in forms(word, part).get(tag, ())


# Learners


def article_dropped(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, lambda w: w in ("a", "an", "the"))
    return drop(tokens, rng.choice(found)) if found else None


def article_added(tokens: Tokens, rng: Random) -> Tokens | None:
    found = [
        i
        for i in places(tokens, lambda w: w in UNCOUNTABLE or tagged(w, "NOUN", "NNS"))
        if previous(tokens, i)
        in {*PREPOSITIONS, *_MODALS, "and", "like", "have", "need", "get", "buy", "about"}
    ]
    if not found:
        return None
    place = rng.choice(found)
    article = "a" if tokens[place].lower() in UNCOUNTABLE and rng.random() < 0.5 else "the"
    return [*tokens[:place], article, " ", *tokens[place:]]


def article_confused(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, lambda w: w in ("a", "an"))
    if not found:
        return None
    place = rng.choice(found)
    return put(tokens, place, "an" if tokens[place].lower() == "a" else "a")


def preposition(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, PREPOSITIONS.__contains__)
    if not found:
        return None
    place = rng.choice(found)
    if rng.random() < 0.2:
        return drop(tokens, place)
    return put(tokens, place, rng.choice(PREPOSITIONS[tokens[place].lower()]))


def agreement(tokens: Tokens, rng: Random) -> Tokens | None:
    found = []
    for i in places(tokens, lambda w: bool(forms(w, "VERB")) or w in _AGREEMENT):
        word, before = tokens[i].lower(), previous(tokens, i)
        if word in _AGREEMENT:
            found.append((i, _AGREEMENT[word]))
        elif tagged(word, "VERB", "VBZ") and (before in _THIRD or tagged(before, "NOUN", "NN")):
            found.append((i, forms(word, "VERB")["VB"][0]))
        elif tagged(word, "VERB", "VB") and (before in _SUBJECTS or before in _MODALS or before == "to"):
            found.append((i, forms(word, "VERB").get("VBZ", (word,))[0]))
    return put(tokens, *rng.choice(found)) if found else None


def verb_form(tokens: Tokens, rng: Random) -> Tokens | None:
    found = []
    for i in places(tokens, lambda w: bool(forms(w, "VERB"))):
        word, before = tokens[i].lower(), previous(tokens, i)
        table = forms(word, "VERB")
        if tagged(word, "VERB", "VBN") and before in _HAVE | _BE:
            found += [(i, w) for tag in ("VB", "VBD") for w in table.get(tag, ()) if w != word]
        if tagged(word, "VERB", "VBG"):
            found += [(i, table["VB"][0])] + [(i, "to " + table["VB"][0])] * (before not in _BE)
        if tagged(word, "VERB", "VB") and before == "to":
            found += [(i, w) for tag in ("VBG", "VBD") for w in table.get(tag, ())]
        if tagged(word, "VERB", "VB") and before in _MODALS:
            found += [(i, "to " + word)] + [(i, w) for tag in ("VBG", "VBD") for w in table.get(tag, ())]
        if tagged(word, "VERB", "VBD") and before not in _HAVE | _BE:
            found += [(i, table["VB"][0]), (i, "have " + word), (i, "was " + table["VB"][0])]
    return put(tokens, *rng.choice(found)) if found else None


def to_for(tokens: Tokens, rng: Random) -> Tokens | None:
    """'to inform' → 'for inform', 'for informing'."""
    found = [i for i in places(tokens, lambda w: w == "to") if tagged(following(tokens, i), "VERB", "VB")]
    return put(tokens, rng.choice(found), rng.choice(("for", "for to", "at"))) if found else None


def number(tokens: Tokens, rng: Random) -> Tokens | None:
    found = []
    for i in places(tokens, lambda w: bool(forms(w, "NOUN"))):
        word, before = tokens[i].lower(), previous(tokens, i)
        if word in UNCOUNTABLE:
            found.append((i, word + "s"))
        elif tagged(word, "NOUN", "NNS") and (before in _PLURAL or not tagged(word, "VERB", "VBZ")):
            found += [(i, forms(word, "NOUN")["NN"][0])] * (3 if before in _PLURAL else 1)
        elif before in _SINGULAR and tagged(word, "NOUN", "NN"):
            found += [(i, w) for w in forms(word, "NOUN").get("NNS", ())]
    found = [(i, word) for i, word in found if word != tokens[i].lower()]
    return put(tokens, *rng.choice(found)) if found else None


def confused_word(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, HOMOPHONES.__contains__)
    if not found:
        return None
    place = rng.choice(found)
    return put(tokens, place, rng.choice(HOMOPHONES[tokens[place].lower()]))


def phrase(tokens: Tokens, rng: Random) -> Tokens | None:
    return _phrase(tokens, rng, PHRASES)


def word_order(tokens: Tokens, rng: Random) -> Tokens | None:
    """An adverb after the next word, or before the word before."""
    found = [i for i in places(tokens, _ADVERBS.__contains__) if following(tokens, i) and i + 2 < len(tokens)]
    if not found or rng.random() < 0.3:
        found = [i for i in places(tokens, lambda w: bool(forms(w, "ADJ"))) if following(tokens, i)]
        found = [i for i in found if i + 2 < len(tokens) and forms(following(tokens, i), "NOUN")]
    if not found:
        return None
    i = rng.choice(found)
    return [*tokens[:i], tokens[i + 2], tokens[i + 1], tokens[i], *tokens[i + 3 :]]


def adverb(tokens: Tokens, rng: Random) -> Tokens | None:
    """'quickly' → 'quick'."""
    found = places(tokens, lambda w: w.endswith("ly") and bool(forms(w[:-2], "ADJ")))
    if not found:
        return None
    place = rng.choice(found)
    return put(tokens, place, tokens[place].lower()[:-2])


def dropped_word(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, _DROPPED.__contains__)
    return drop(tokens, rng.choice(found)) if found else None


def doubled_negation(tokens: Tokens, rng: Random) -> Tokens | None:
    """'don't like' → 'no like', 'not like'."""
    found = places(tokens, lambda w: w in ("don't", "doesn't", "didn't"))
    return put(tokens, rng.choice(found), rng.choice(("not", "no", "don't not"))) if found else None


# Slips


def mistyped(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, lambda w: len(w) > 3)
    if not found:
        return None
    place = rng.choice(found)
    word = tokens[place]
    at = rng.randrange(1, len(word) - 1)
    letter = word[at].lower()
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + rng.choice(NEIGHBOURS.get(letter, letter)) + word[at + 1 :],
        word[:at] + rng.choice(NEIGHBOURS.get(letter, letter)) + word[at:],
    ]
    return [*tokens[:place], rng.choice(slips), *tokens[place + 1 :]]


def misspelt(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, misspellings().__contains__)
    if not found:
        return None
    place = rng.choice(found)
    return put(tokens, place, rng.choice(misspellings()[tokens[place].lower()]))


def phonetic(tokens: Tokens, rng: Random) -> Tokens | None:
    """A word as it sounds: single for double letters, 'ie' for 'ei', 'f' for 'ph'."""
    sounds = (
        ("ie", "ei"), ("ei", "ie"), ("ph", "f"), ("tion", "sion"), ("ce", "se"), ("able", "eble"),
        ("ent", "ant"), ("ant", "ent"), ("ence", "ance"), ("ful", "full"), ("ll", "l"), ("ss", "s"),
        ("tt", "t"), ("cc", "c"), ("mm", "m"), ("nn", "n"), ("rr", "r"), ("pp", "p"), ("ough", "ou"),
        ("ary", "ery"), ("our", "or"), ("ic", "ik"), ("ck", "k"), ("wh", "w"), ("ea", "e"), ("ee", "i"),
    )  # fmt: skip
    found = [
        (i, right, wrong)
        for i in places(tokens, lambda w: len(w) > 4)
        for right, wrong in sounds
        if right in tokens[i][1:]
    ]
    if not found:
        return None
    place, right, wrong = rng.choice(found)
    word = tokens[place]
    return [*tokens[:place], word[0] + word[1:].replace(right, wrong, 1), *tokens[place + 1 :]]


def small_letter(tokens: Tokens, rng: Random) -> Tokens | None:
    found = [
        i
        for i, token in enumerate(tokens)
        if is_word(token)
        and token[0].isupper()
        and not token[1:].isupper()
        and (token.lower() in LOWERED or token == "I" or token.startswith("I'") or at_start(tokens, i))
    ]
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[:place], tokens[place].lower(), *tokens[place + 1 :]]


def large_letter(tokens: Tokens, rng: Random) -> Tokens | None:
    found = places(tokens, lambda w: len(w) > 4 and bool(forms(w, "NOUN")))
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[:place], tokens[place].capitalize(), *tokens[place + 1 :]]


def no_apostrophe(tokens: Tokens, rng: Random) -> Tokens | None:
    found = [i for i, t in enumerate(tokens) if is_word(t) and ("'" in t or "’" in t)]
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[:place], re.sub("['’]", "", tokens[place]), *tokens[place + 1 :]]


def false_apostrophe(tokens: Tokens, rng: Random) -> Tokens | None:
    """'books' → 'book's'."""
    found = places(tokens, lambda w: tagged(w, "NOUN", "NNS") and w.endswith("s") and not w.endswith("ss"))
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[:place], tokens[place][:-1] + "'s", *tokens[place + 1 :]]


def no_comma(tokens: Tokens, rng: Random) -> Tokens | None:
    found = [i for i, token in enumerate(tokens) if token == ","]
    return [t for n, t in enumerate(tokens) if n != rng.choice(found) or n not in found] if found else None


def extra_comma(tokens: Tokens, rng: Random) -> Tokens | None:
    """A comma before 'that' and before a verb after its subject."""
    found = [i for i in places(tokens, lambda w: w in ("that", "is", "are", "was", "because", "if")) if i > 1]
    found = [i for i in found if tokens[i - 1] == " " and is_word(tokens[i - 2]) and len(tokens[i - 2]) > 3]
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[: place - 1], ",", *tokens[place - 1 :]]


def run_on(tokens: Tokens, rng: Random) -> Tokens | None:
    """Two sentences in one, with a comma or nothing between."""
    found = [
        i
        for i, token in enumerate(tokens[:-2])
        if token == "." and tokens[i + 1].isspace() and "\n" not in tokens[i + 1] and is_word(tokens[i + 2])
    ]
    if not found:
        return None
    i = rng.choice(found)
    word = tokens[i + 2]
    lowered = word if word == "I" or word.startswith("I'") else word[0].lower() + word[1:]
    return [
        *tokens[:i],
        rng.choice((",", ",", "", " and")),
        *tokens[i + 1 : i + 2],
        lowered,
        *tokens[i + 3 :],
    ]


def end_mark(tokens: Tokens, rng: Random) -> Tokens | None:
    """No full stop at the end, or one for a question mark."""
    if tokens and tokens[-1] == "?":
        return [*tokens[:-1], rng.choice((".", "", "??"))]
    return tokens[:-1] if tokens and tokens[-1] == "." and len(tokens) > 8 else None


def split_or_joined(tokens: Tokens, rng: Random) -> Tokens | None:
    return _phrase(tokens, rng, SPLIT_JOINED)


def repeated(tokens: Tokens, rng: Random) -> Tokens | None:
    """'the the'."""
    found = places(tokens, lambda w: len(w) < 5)
    if not found:
        return None
    place = rng.choice(found)
    return [*tokens[:place], tokens[place], " ", tokens[place].lower(), *tokens[place + 1 :]]


Error = Callable[[Tokens, Random], Tokens | None]
"""Tokens → tokens with one error more; None where it cannot be made."""

LEARNER: tuple[tuple[Error, int], ...] = (
    (article_dropped, 14), (article_added, 6), (article_confused, 2), (preposition, 10), (agreement, 12),
    (verb_form, 16), (to_for, 3), (number, 11), (confused_word, 10), (phrase, 14), (word_order, 4),
    (adverb, 3), (dropped_word, 7), (doubled_negation, 2), (misspelt, 12), (phonetic, 8), (extra_comma, 2),
    (run_on, 4), (no_comma, 4), (split_or_joined, 3), (small_letter, 3), (large_letter, 1),
)  # fmt: skip
HASTY: tuple[tuple[Error, int], ...] = (
    (mistyped, 16), (misspelt, 12), (small_letter, 12), (no_apostrophe, 10), (false_apostrophe, 3),
    (no_comma, 8), (run_on, 6), (end_mark, 5), (split_or_joined, 6), (repeated, 2), (dropped_word, 5),
    (confused_word, 10), (phonetic, 4),
)  # fmt: skip
"""Errors and how often each is tried."""


def _phrase(tokens: Tokens, rng: Random, table: dict[str, tuple[str, ...]]) -> Tokens | None:
    text = "".join(tokens)
    found = [m for right in table for m in re.finditer(rf"\b{re.escape(right)}\b", text, re.IGNORECASE)]
    if not found:
        return None
    match = rng.choice(found)
    right = next(r for r in table if r.lower() == match.group().lower())
    wrong = rng.choice(table[right])
    if match.group()[0].isupper():
        wrong = wrong[0].upper() + wrong[1:]
    return [text[: match.start()], wrong, text[match.end() :]]


@cache
def misspellings() -> dict[str, list[str]]:
    """A word → misspellings of it that codespell's list has, single words with one correction."""
    lines = files("codespell_lib").joinpath("data", "dictionary.txt").read_text(encoding="utf-8").splitlines()
    table: dict[str, list[str]] = {}
    for wrong, right in (line.split("->", 1) for line in lines if "->" in line):
        if right.isalpha() and wrong.isalpha() and wrong.isascii():
            table.setdefault(right, []).append(wrong)
    return table


if __name__ == "__main__":
    main()
