"""Numbers in a text: digits as each language writes them, and number words.

Number words come from num2words, turned round: the words of 0 to 999 in every supported
language are generated once and looked up, thousands, hundreds of hundreds, spoken years,
decimals and halves are composed from them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise

from num2words import num2words

from smartform.values.language import LANGUAGES
from smartform.values.words import Candidate, Word, fold, joined, longest_only, words_of

_DIGITS = re.compile(
    r"(?<![\d])(?<!\d[.,])-?(?:\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)(?!\d)"
)
_SCALES = {
    "k": 1_000, "mila": 1_000, "mille": 1_000, "mil": 1_000, "thousand": 1_000, "grand": 1_000,
    "tausend": 1_000, "tsd": 1_000, "tusen": 1_000, "tkr": 1_000, "duizend": 1_000,
    "m": 1_000_000, "mln": 1_000_000, "million": 1_000_000, "millions": 1_000_000,
    "milione": 1_000_000, "milioni": 1_000_000, "millionen": 1_000_000, "mio": 1_000_000,
    "miljon": 1_000_000, "miljoner": 1_000_000, "miljoen": 1_000_000, "millon": 1_000_000,
    "millones": 1_000_000, "milhao": 1_000_000, "milhoes": 1_000_000,
}  # fmt: skip
_SCALE_WORD = re.compile(r"[ \u00a0]?([^\W\d_]+)")
_SYMBOL_SCALES = frozenset({"k", "m", "mln", "mio", "tsd", "tkr"})
_HUNDREDS = frozenset({"hundred", "hundert", "hundra", "honderd"})
_AND = {
    "en": {"and"}, "it": {"e"}, "sv": {"och"}, "de": {"und"}, "fr": {"et"}, "es": {"y"},
    "pt": {"e"}, "nl": {"en"},
}  # fmt: skip
_YEAR_HUNDREDS = {"de": "hundert", "nl": "honderd", "sv": "hundra"}
_POINT = frozenset({"point", "virgola", "punto", "komma", "virgule", "coma", "virgula", "comma"})
_HALF = frozenset(
    {"half", "mezzo", "mezza", "halb", "halv", "halvt", "demi", "demie", "medio", "media", "meio", "meia"}
)
REPEATS = {
    "double": 2,
    "doppelt": 2,
    "doppio": 2,
    "doble": 2,
    "dubbel": 2,
    "dobro": 2,
    "triple": 3,
    "triplo": 3,
}
"""How often a digit is said that stands after the word: 'double two' is 22."""
_METRES = frozenset({"m", "metre", "metres", "meter", "meters", "metro", "metri", "metros"})
_METRES_AND = ("it", "es", "pt")
"""Languages that put an 'and' between metres and centimetres."""
ONE_WORDS = {
    "en": ("a", "an"), "it": ("un", "una", "uno"), "sv": ("en", "ett"),
    "de": ("ein", "eine", "einen", "einem", "einer", "eins"), "fr": ("un", "une"),
    "es": ("un", "una", "uno"), "pt": ("um", "uma"), "nl": ("een",),
}  # fmt: skip
_WHOLES = {
    "en": {"dozen": 12, "couple": 2, "pair": 2, "both": 2, "twice": 2, "once": 1, "nought": 0,
           "nil": 0, "single": 1, "double": 2, "triple": 3, "oh": 0},
    "it": {"dozzina": 12, "paio": 2, "coppia": 2, "entrambi": 2, "entrambe": 2, "decina": 10,
           "ventina": 20, "trentina": 30, "quarantina": 40, "cinquantina": 50, "centinaio": 100},
    "sv": {"dussin": 12, "par": 2, "bada": 2, "tjog": 20, "tva": 2, "hundra": 100},
    "de": {"dutzend": 12, "paar": 2, "beide": 2, "beiden": 2, "zwo": 2, "zu zweit": 2, "hundert": 100},
    "fr": {"douzaine": 12, "couple": 2, "dizaine": 10, "quinzaine": 15, "vingtaine": 20,
           "trentaine": 30, "cinquantaine": 50, "centaine": 100, "septante": 70, "nonante": 90},
    "es": {"docena": 12, "par": 2, "ambos": 2, "ambas": 2, "decena": 10, "cien": 100, "veintiun": 21},
    "pt": {"duzia": 12, "par": 2, "ambos": 2, "ambas": 2, "duas": 2, "dezena": 10, "cem": 100},
    "nl": {"dozijn": 12, "paar": 2, "beide": 2, "tweeen": 2, "drieen": 3, "vieren": 4},
}  # fmt: skip
_RESPELT = {
    "sv": (("fortio", "fyrtio"), ("etthundra", "hundra")),
    "de": (("einhundert", "hundert"),),
    "pt": (("dezasseis", "dezesseis"), ("dezassete", "dezessete"), ("dezanove", "dezenove"),
           ("catorze", "quatorze")),
}  # fmt: skip
"""How num2words spells a number, and how people do too: Swedish forty, a bare hundred, Brazilian teens."""
_MAX_PHRASE = 7


@dataclass(frozen=True, slots=True)
class NumberPhrase:
    """Words `first` to `last` (exclusive) of a text say `value`."""

    first: int
    last: int
    value: Decimal


@cache
def cardinals(language: str) -> dict[tuple[str, ...], int]:
    """Folded word sequences → 0 to 999 (and 1100 to 2099 as years are said), one language."""
    table: dict[tuple[str, ...], int] = {}
    ands = _AND[language]
    for number in range(1000):
        _add(table, num2words(number, lang=language), number, ands)
    if language in _YEAR_HUNDREDS:
        for year in range(1100, 2000):
            rest = num2words(year % 100, lang=language) if year % 100 else ""
            spelt = num2words(year // 100, lang=language) + _YEAR_HUNDREDS[language] + rest
            _add(table, spelt, year, ands)
    for one in ONE_WORDS[language]:
        table[(one,)] = 1
    for word, value in _WHOLES[language].items():
        table[tuple(word.split())] = value
    _add_variants(table, language)
    return table


@cache
def ordinals(language: str) -> dict[tuple[str, ...], int]:
    """Folded word sequences → 1 to 100, the ordinal words of one language with their endings."""
    table: dict[tuple[str, ...], int] = {}
    for number in range(1, 101):
        spelt = _split(num2words(number, lang=language, to="ordinal"))
        for ending in _endings(spelt[-1], language):
            table[(*spelt[:-1], ending)] = number
    extra = {
        "fr": {"premier": 1, "premiere": 1, "seconde": 2, "second": 2},
        "es": {"primer": 1, "tercer": 3},
        "sv": {"forste": 1, "andre": 2, "fyrtionde": 40},
        "de": {"dritte": 3, "dritten": 3},
        "it": {},
    }
    for word, number in extra.get(language, {}).items():
        table[(word,)] = number
    return table


def _endings(word: str, language: str) -> set[str]:
    forms = {word}
    if language in ("it", "es", "pt") and word[-1] == "o":
        forms |= {word[:-1] + "a", word[:-1] + "i", word[:-1] + "e"}
    if language == "de":
        stem = word[:-1] if word.endswith("e") else word
        forms |= {stem + e for e in ("e", "en", "er", "es", "em")}
    if language == "fr" and word.endswith("ieme"):
        forms.add(word + "s")
    return forms


def _add(table: dict[tuple[str, ...], int], spelt: str, number: int, ands: set[str]) -> None:
    words = _split(spelt)
    table.setdefault(words, number)
    table.setdefault(tuple(w for w in words if w not in ands), number)


def _add_variants(table: dict[tuple[str, ...], int], language: str) -> None:
    if language == "en":
        for words, number in list(table.items()):
            if words[:2] == ("one", "hundred"):
                table.setdefault(("a", *words[1:]), number)
    for spelling, other in _RESPELT.get(language, ()):
        for words, number in list(table.items()):
            table.setdefault(tuple(word.replace(spelling, other) for word in words), number)
    feminine = {"es": ("ientos", "ientas"), "pt": ("entos", "entas")}.get(language)
    for words, number in list(table.items()):
        if feminine and words[0].endswith(feminine[0]):
            table.setdefault((words[0].replace(*feminine), *words[1:]), number)
        if words[-1] in ONE_WORDS[language] and len(words) > 1:
            for one in ONE_WORDS[language]:
                table.setdefault((*words[:-1], one), number)


def _split(spelt: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W\d_]+", fold(spelt)))


def number_phrases(
    text: str,
    words: Sequence[Word],
    languages: Sequence[str],
    *,
    with_ordinals: bool = False,
    fractions: bool = True,
) -> list[NumberPhrase]:
    """Every number said in words, longest first at each word; digits are not looked at.

    Args:
        with_ordinals: read 'third' as 3.
        fractions: read 'and a half' as part of the number (not wanted for 'half past' times).
    """
    found = []
    index = 0
    while index < len(words):
        best: NumberPhrase | None = None
        for language in languages:
            phrase = _phrase_at(text, words, index, language, with_ordinals, fractions)
            if phrase and (best is None or phrase.last > best.last):
                best = phrase
        if best:
            found.append(best)
        index = best.last if best else index + 1
    return found


def _phrase_at(
    text: str,
    words: Sequence[Word],
    first: int,
    language: str,
    with_ordinals: bool,
    fractions: bool,
) -> NumberPhrase | None:
    small = _small(text, words, first, language, with_ordinals)
    if small is None:
        return _scale_alone(words, first, language)
    last, whole = small
    value = Decimal(whole)
    last, value = _grow(text, words, last, value, language, with_ordinals)
    if fractions:
        last, value = _fraction(text, words, last, value, language)
    if (
        not is_whole(value)
        and last < len(words)
        and words[last].folded in _SCALES
        and joined(text, words[last - 1], words[last])
    ):
        last, value = last + 1, value * _SCALES[words[last].folded]
    return NumberPhrase(first, last, value)


def _small(
    text: str, words: Sequence[Word], first: int, language: str, with_ordinals: bool
) -> tuple[int, int] | None:
    """The longest table phrase that starts at `first`: (index after it, its value)."""
    table = cardinals(language)
    order = ordinals(language) if with_ordinals else {}
    spelt = words[first].folded
    if spelt not in _openers(language):
        fused = _fused_thousands(spelt, language)
        return None if fused is None else (first + 1, fused)
    run = 1
    while (
        run < _MAX_PHRASE
        and first + run < len(words)
        and joined(text, words[first + run - 1], words[first + run])
    ):
        run += 1
    for length in range(run, 0, -1):
        key = tuple(w.folded for w in words[first : first + length])
        value = table.get(key, order.get(key))
        if value is None and length == 1:
            value = _fused_thousands(key[0], language)
        if value is not None:
            return first + length, value
    return None


@cache
def _openers(language: str) -> frozenset[str]:
    """The words that phrases of the tables begin with: most words of a text are none."""
    return frozenset(key[0] for table in (cardinals(language), ordinals(language)) for key in table)


def _fused_thousands(word: str, language: str) -> int | None:
    """'duemilacinquecento', 'zweitausendfünfhundert', 'tvåtusenfemhundra' in one word."""
    table = cardinals(language)
    for scale in ("mila", "mille", "tausend", "tusen", "duizend"):
        before, cut, after = word.partition(scale)
        if not cut:
            continue
        head = table.get((before,), 1 if not before else None)
        tail = table.get((after.removeprefix("und"),), 0 if not after else None)
        if head is not None and tail is not None and (before or after):
            return head * 1000 + tail
    return None


def _scale_alone(words: Sequence[Word], first: int, language: str) -> NumberPhrase | None:
    word = words[first].folded
    alone = {
        "it": "mille",
        "fr": "mille",
        "es": "mil",
        "pt": "mil",
        "de": "tausend",
        "sv": "tusen",
        "nl": "duizend",
    }
    return NumberPhrase(first, first + 1, Decimal(1000)) if alone.get(language) == word else None


def _grow(
    text: str, words: Sequence[Word], last: int, value: Decimal, language: str, with_ordinals: bool
) -> tuple[int, Decimal]:
    """Take in hundreds and thousands: 'thirty-two' + 'hundred', 'dieci' + 'mila' + 'cinquecento'."""
    while last < len(words) and joined(text, words[last - 1], words[last]):
        word = words[last].folded
        if word in _HUNDREDS and 10 < value < 100:
            scale = Decimal(100)
        elif word in _SCALES and word not in _SYMBOL_SCALES and value < 1000:
            scale = Decimal(_SCALES[word])
        else:
            break
        value *= scale
        last += 1
        start = last
        if start < len(words) and words[start].folded in _AND[language]:
            start += 1
        if start < len(words) and joined(text, words[start - 1], words[start]):
            more = _small(text, words, start, language, with_ordinals)
            if more and more[1] < scale and (more[1] > 1 or start > last or more[0] - start > 1):
                last, value = more[0], value + more[1]
    if value >= 1000 and value % 1000 == 0 and last < len(words) and text[words[last - 1].end] == " ":
        more = _small(text, words, last, language, False)
        if more and 1 < more[1] < 1000 and joined(text, words[last - 1], words[last]):
            last, value = more[0], value + more[1]
    if language == "en":
        last, value = _spoken_pair(text, words, last, value)
    return last, value


def _spoken_pair(text: str, words: Sequence[Word], last: int, value: Decimal) -> tuple[int, Decimal]:
    """'nineteen' + 'eighty-eight', 'twenty' + 'oh five': how English says years."""
    if value not in (18, 19, 20) or last >= len(words) or not joined(text, words[last - 1], words[last]):
        return last, value
    start = last + (words[last].folded in ("oh", "o"))
    more = _small(text, words, start, "en", False) if start < len(words) else None
    if more and (10 <= more[1] <= 99 or (start > last and more[1] < 10)):
        return more[0], value * 100 + more[1]
    return last, value


def _fraction(
    text: str, words: Sequence[Word], last: int, value: Decimal, language: str
) -> tuple[int, Decimal]:
    """'three point five', 'zwei Komma fünf', 'two and a half', 'tre e mezzo'."""
    rest = [w.folded for w in words[last : last + 3]]
    if rest[:1] and rest[0] in _POINT and joined(text, words[last - 1], words[last]) and len(rest) > 1:
        digits, stop = _spoken_decimals(text, words, last + 1, language)
        if digits:
            return stop, value + Decimal(f"0.{digits}")
    if rest[:1] and rest[0] in _AND[language]:
        skip = 2 if len(rest) > 2 and rest[1] in ONE_WORDS[language] and rest[2] in _HALF else 1
        if len(rest) > skip and rest[skip] in _HALF:
            return last + skip + 1, value + Decimal("0.5")
    return last, value


def _spoken_decimals(text: str, words: Sequence[Word], first: int, language: str) -> tuple[str, int]:
    if first >= len(words):
        return "", first
    if words[first].folded.isdecimal():
        return words[first].folded, first + 1
    digits = ""
    while first < len(words) and len(digits) < 4:
        more = _small(text, words, first, language, False)
        if more is None or more[1] > 99 or (digits and more[1] > 9):
            break
        digits += str(more[1])
        first = more[0]
    return digits, first


def read_digits(raw: str, language: str) -> Decimal | None:
    """'1.250,50', '1,250.50', '1 250' → 1250.50, by the language's marks where they are ambiguous."""
    body = re.sub(r"[\s'’\u00a0\u202f]", "", raw)
    negative = body.startswith("-")
    body = body.lstrip("-+")
    comma, dot = body.rfind(","), body.rfind(".")
    if comma >= 0 and dot >= 0:
        thousands = "." if comma > dot else ","
        body = body.replace(thousands, "").replace(",", ".")
    elif comma >= 0 or dot >= 0:
        mark = "," if comma >= 0 else "."
        body = _one_mark(body, mark, language)
    if not re.fullmatch(r"\d+(\.\d+)?", body):
        return None
    value = Decimal(body)
    return value.copy_negate() if negative else value  # '-value' would round long numbers


def _one_mark(body: str, mark: str, language: str) -> str:
    groups = body.split(mark)
    grouped = len(groups[0]) <= 3 and groups[0] != "0" and all(len(g) == 3 for g in groups[1:])
    thousands = mark == ("," if language == "en" else ".")
    if grouped and (thousands or len(groups) > 2):
        return body.replace(mark, "")
    return body.replace(mark, ".") if len(groups) == 2 else body.replace(mark, "")


def plain(value: Decimal) -> str:
    """A number as written by its type: '1250.5', no exponent, no trailing zeros."""
    spelt = format(value, "f")  # not normalize(): that rounds long numbers
    if "." in spelt:
        spelt = spelt.rstrip("0").rstrip(".")
    return "0" if spelt == "-0" else spelt


def is_whole(value: Decimal) -> bool:
    """Whether a number, however long, has no fraction."""
    return value == value.to_integral_value()


def find_numbers(text: str, languages: Sequence[str], *, integers: bool) -> list[Candidate]:
    """Every number in `text`.

    Args:
        integers: only whole ones, ordinals ('third floor') among them.
    """
    candidates = []
    for match in _DIGITS.finditer(text):
        candidates += _digit_candidates(text, match, languages[0])
    words = words_of(text)
    phrases = number_phrases(text, words, languages, with_ordinals=integers)
    for phrase in phrases:
        start, end = words[phrase.first].start, words[phrase.last - 1].end
        candidates.append(Candidate(start, end, plain(phrase.value)))
    candidates += _lengths(text, words, phrases, languages, integers)
    candidates += _digit_runs(text, words, phrases)
    found = longest_only(candidates)
    found += _pairs(text, words, phrases, integers)
    found += _halves_after_unit(text, words, phrases, languages)
    return sorted({c for c in found if not integers or "." not in c.value})


def _digit_runs(text: str, words: Sequence[Word], phrases: Sequence[NumberPhrase]) -> list[Candidate]:
    """'five five one two', 'five double one two' → 5512: three or more digits said one by one, which are
    no numbers of their own."""
    found = []
    run: list[NumberPhrase] = []
    for phrase in [*phrases, None]:
        single = phrase is not None and phrase.value <= 9 and is_whole(phrase.value)
        follows = (
            phrase
            and run
            and run[-1].last == phrase.first
            and joined(text, words[run[-1].last - 1], words[phrase.first])
        )
        if single and (not run or follows):
            run.append(phrase)  # type: ignore[arg-type]
            continue
        if len(run) >= 3:
            digits = _spelt_digits(words, run)
            found.append(
                Candidate(words[run[0].first].start, words[run[-1].last - 1].end, digits.lstrip("0") or "0")
            )
        run = [phrase] if single else []  # type: ignore[list-item]
    return found


def _spelt_digits(words: Sequence[Word], run: Sequence[NumberPhrase]) -> str:
    digits, times = "", 1
    for phrase in run:
        if words[phrase.first].folded in REPEATS and phrase is not run[-1]:
            times = REPEATS[words[phrase.first].folded]
        else:
            digits, times = digits + plain(phrase.value) * times, 1
    return digits


def _pairs(
    text: str, words: Sequence[Word], phrases: Sequence[NumberPhrase], integers: bool
) -> list[Candidate]:
    """'fourteen fifty' → 1450, and as an amount 14.50; 'thirteen eighty', 'thirty-nine fifty'."""
    found = []
    for left, right in pairwise(phrases):
        adjacent = left.last == right.first and joined(text, words[left.last - 1], words[right.first])
        if adjacent and 1 <= left.value <= 99 and 10 <= right.value <= 99 and is_whole(left.value):
            start, end = words[left.first].start, words[right.last - 1].end
            found.append(Candidate(start, end, plain(left.value * 100 + right.value)))
            if not integers:
                found.append(Candidate(start, end, plain(left.value + right.value / 100)))
    return found


def _halves_after_unit(
    text: str, words: Sequence[Word], phrases: Sequence[NumberPhrase], languages: Sequence[str]
) -> list[Candidate]:
    """'tre anni e mezzo', 'un metro y medio', 'a year and a half'."""
    found = []
    for phrase in phrases:
        rest = [w.folded for w in words[phrase.last : phrase.last + 4]]
        for language in languages:
            skip = 3 if len(rest) > 3 and rest[2] in ONE_WORDS[language] else 2
            if len(rest) > skip and rest[1] in _AND[language] and rest[skip] in _HALF:
                end = words[phrase.last + skip].end
                found.append(Candidate(words[phrase.first].start, end, plain(phrase.value + Decimal("0.5"))))
    return found


def _lengths(
    text: str,
    words: Sequence[Word],
    phrases: Sequence[NumberPhrase],
    languages: Sequence[str],
    integers: bool,
) -> list[Candidate]:
    """'one metre sixty-eight', 'un metro e ottanta', '1 m 75': in metres, or centimetres where whole."""
    said = {p.first: (p.last, p.value) for p in phrases}
    said |= {i: (i + 1, Decimal(w.folded)) for i, w in enumerate(words) if w.folded.isdecimal()}
    ands = {word for language in languages if language in _METRES_AND for word in _AND[language]}
    found = []
    for first, (unit, metres) in said.items():
        after = unit + 1 + (unit + 1 < len(words) and words[unit + 1].folded in ands)
        if not (1 <= metres <= 9 and is_whole(metres) and after in said and words[unit].folded in _METRES):
            continue
        last, rest = said[after]
        pieces = pairwise(words[first:last])
        if 10 <= rest <= 99 and is_whole(rest) and all(joined(text, *pair) for pair in pieces):
            value = metres * 100 + rest if integers else metres + rest / 100
            found.append(Candidate(words[first].start, words[last - 1].end, plain(value)))
    return found


def _digit_candidates(text: str, match: re.Match[str], language: str) -> list[Candidate]:
    start, end = match.span()
    raw = match.group()
    if raw.startswith("-") and start and text[start - 1].isalnum():
        start, raw = start + 1, raw[1:]
    value = read_digits(raw, language)
    if value is None:
        return []
    scale = _SCALE_WORD.match(text, end)
    if scale and fold(scale.group(1)) in _SCALES and (scale.group(1) != "m"):
        return [Candidate(start, scale.end(), plain(value * _SCALES[fold(scale.group(1))]))]
    parts = [Candidate(start, end, plain(value))]
    pieces = re.split(r"[ \u00a0\u202f]", raw)
    if len(pieces) > 1:  # '12 500' is one number, but may be two
        offset = start
        for piece in pieces:
            if piece.isdecimal():
                parts.append(Candidate(offset, offset + len(piece), plain(Decimal(piece))))
            offset += len(piece) + 1
    return parts


def all_languages_number(raw: str) -> Decimal | None:
    """The number that the whole of `raw` says, in digits or in any supported language's words."""
    stripped = raw.strip().strip("€$£%").strip()
    for language in LANGUAGES:
        digits = read_digits(stripped, language) if re.search(r"\d", stripped) else None
        if digits is not None:
            return digits
        words = words_of(stripped)
        phrases = number_phrases(stripped, words, (language,), with_ordinals=True)
        if len(phrases) == 1 and (phrases[0].first, phrases[0].last) == (0, len(words)):
            return phrases[0].value
    return None
