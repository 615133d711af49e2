"""Why an edit was made: spelling, grammar, or other words for the same thing.

Decided by what changed: letters of a word, function words and endings, or the words themselves. Whether
other words serve clarity or tone is told by how the paragraph comes across before and after.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from smartform.alignment import likeness, tokens_of
from smartform.revision import Amount, EditKind, ProofreadOptions, Register
from smartform.tone import Tone
from smartform.values.words import fold

RAISED = 0.05
"""By how much politeness or warmth must rise (each from -1 to 1) for other words to be a matter of tone."""

SPELT_LIKE = 0.65
"""From this likeness on, one word for another is a matter of spelling."""

SAME = 0.8
"""From this likeness on, two words are one, perhaps misspelt."""

ERRORS = frozenset({EditKind.SPELLING, EditKind.GRAMMAR})
REWORDINGS = frozenset({EditKind.CLARITY, EditKind.TONE})
KEPT = {
    Amount.ERRORS: ERRORS,
    Amount.TONE: ERRORS | {EditKind.TONE},
    Amount.REWRITE: frozenset(EditKind),
}
"""What is kept of a revision, by how much may be changed."""

SUBJECTS = ("i", "we", "you", "he", "she", "it", "they")

FUNCTION_WORDS = frozenset(SUBJECTS) | frozenset(
    """
    a an the this that these those my your his her its our their mine yours hers ours theirs some any no
    each every all both either neither another other others such much many more most few less least several
    me him us them myself yourself himself herself itself ourselves themselves
    who whom whose which what when where why how whether if than as because since while although though unless
    until and or but nor so yet of in on at by for with from to into onto about over under after before
    between through during without within against among around across along behind below above near off out up
    down per via upon toward towards despite except till
    be am is are was were been being have has had having do does did doing done will would shall should
    can could may might must ought need not cannot never there here then also too very just only already
    still even again now ever always often once one
    """.split()
)
"""English words that carry grammar rather than matter."""

_ENDINGS = ("", "s", "es", "d", "ed", "ing", "er", "est", "r", "st", "ly", "y", "ies", "ied", "ier", "iest",
            "ily", "al", "e", "'s", "s'", "en", "n", "ies'", "ves", "f", "fe", "ally")  # fmt: skip
_LEAST_STEM = 2

_IRREGULAR = """
arise arose arisen|bear bore borne|beat beaten|become became|begin began begun|bend bent|bite bit bitten|
bleed bled|blow blew blown|break broke broken|bring brought|build built|burn burnt|buy bought|
catch caught|choose chose chosen|come came|cut cutted|deal dealt|dig dug|draw drew drawn|dream dreamt|
drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|
find found|fly flew flown|forbid forbade forbidden|forget forgot forgotten|forgive forgave forgiven|
freeze froze frozen|get got gotten|give gave given|go went gone|grow grew grown|hang hung|hear heard|
hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|learn learnt|leave left|lend lent|
lie lay lain|light lit|lose lost|make made|mean meant|meet met|mistake mistook mistaken|pay paid|
ride rode ridden|ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought|sell sold|
send sent|shake shook shaken|shine shone|shoot shot|show shown|sing sang sung|sink sank sunk|sit sat|
sleep slept|slide slid|speak spoke spoken|spend spent|spill spilt|spread spreaded|stand stood|
steal stole stolen|stick stuck|strike struck|swear swore sworn|swim swam swum|swing swung|take took taken|
teach taught|tear tore torn|tell told|think thought|throw threw thrown|understand understood|
wake woke woken|wear wore worn|win won|wind wound|write wrote written|child children childs|man men|
woman women|foot feet|tooth teeth|mouse mice|person people|good well better best|bad badly worse worst|
far further furthest farther|little less least|thief thieves
"""


@cache
def _families() -> dict[str, str]:
    """Irregular form → what it is a form of."""
    families = [family.split() for family in _IRREGULAR.split("|")]
    return {form: family[0] for family in families for form in family}


def kind_of(before: str, after: str, rewording: EditKind) -> EditKind:
    """The kind of an edit that turns `before` into `after`.

    Args:
        rewording: what other words are for in this paragraph, `CLARITY` or `TONE`.
    """
    if _bare(before) == _bare(after) != "":
        return EditKind.GRAMMAR if _only_marks(before, after) else EditKind.SPELLING
    lost, gained = _difference(before, after)
    kinds = {EditKind.GRAMMAR} if len(lost) != len(gained) or not lost else set()
    for word in list(lost):
        match = max(gained, key=lambda g: _close(word, g), default=None)
        if match is None or _close(word, match) < SPELT_LIKE:
            continue
        lost.remove(word)
        gained.remove(match)
        both = is_function(word) and is_function(match)
        kinds.add(EditKind.GRAMMAR if both or inflected(word, match) else EditKind.SPELLING)
    rest = {*lost, *gained}
    if not all(map(is_function, rest)):
        return rewording
    return EditKind.SPELLING if kinds == {EditKind.SPELLING} and not rest else EditKind.GRAMMAR


def rewording_kind(options: ProofreadOptions, before: Tone | None, after: Tone | None) -> EditKind:
    """What other words are for: tone where it may change and comes out as wanted, else clarity."""
    if options.amount is Amount.ERRORS:
        return EditKind.CLARITY
    if options.register is Register.FIRM:
        return EditKind.TONE
    if before is None or after is None:
        return EditKind.TONE if options.register is Register.WARM else EditKind.CLARITY
    rise = after.politeness_score - before.politeness_score
    if options.register is Register.WARM:
        rise = max(rise, after.sentiment_score - before.sentiment_score)
    return EditKind.TONE if rise >= RAISED else EditKind.CLARITY


def is_function(word: str) -> bool:
    """Whether a word, or what stands before its apostrophe, carries grammar alone ("it's", "didn't")."""
    stems = (word, re.split(r"['’]", word)[0], re.split(r"n['’]", word)[0])
    return any(stem in FUNCTION_WORDS for stem in stems)


def _bare(text: str) -> str:
    """Its letters and figures alone, without case and accents."""
    return re.sub(r"[\W_]", "", fold(text))


def _only_marks(before: str, after: str) -> bool:
    """Whether the words are the same to the letter, and only stops, commas and the like differ."""
    return [t.text for t in tokens_of(before) if t.text[0].isalnum()] == [
        t.text for t in tokens_of(after) if t.text[0].isalnum()
    ]


def _difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The words that one has more often than the other."""
    old, new = (
        Counter(t.text.casefold() for t in tokens_of(text) if t.text[0].isalnum()) for text in (before, after)
    )
    return sorted((old - new).elements()), sorted((new - old).elements())


def _close(one: str, other: str) -> float:
    return 1.0 if inflected(one, other) else likeness(one, other)


def same_word(one: str, other: str) -> bool:
    """Whether two words are one, in whatever form, perhaps misspelt."""
    one, other = one.casefold(), other.casefold()
    return one == other or inflected(one, other) or likeness(one, other) >= SAME


def inflected(one: str, other: str) -> bool:
    """Whether two words are forms of one."""
    families = _families()
    if families.get(one, one) == families.get(other, other):
        return True
    stem = 0
    while stem < min(len(one), len(other)) and one[stem] == other[stem]:
        stem += 1
    return any(
        cut >= _LEAST_STEM and _ending(one, cut) and _ending(other, cut) for cut in (stem, stem - 1, stem - 2)
    )


def _ending(word: str, stem: int) -> bool:
    """Whether a word is a stem and an ending, the stem's last letter perhaps doubled."""
    rest = word[stem:]
    return rest in _ENDINGS or (rest[:1] == word[stem - 1] and rest[1:] in ("ed", "ing", "er", "est", "en"))
