"""HTML → the text that a browser shows, a line for each block and table row."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from smartform.readers.encoding import decode

_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_UNREAD = set("script style template noscript head svg math iframe object select datalist canvas".split())
_CELLS = {"td", "th"}
_INLINE = set(
    "a abbr b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark q rp rt ruby "
    "s samp small span strike strong sub sup time tt u var wbr".split()
)


def read(data: bytes) -> str:
    """The text of a page.

    Raises:
        DocumentError: the bytes are not text.
    """
    named = _CHARSET.search(data[:4_096])
    root = LexborHTMLParser(decode(data, named[1].decode("ascii") if named else "")).root
    text = "".join(_pieces(root)) if root is not None else ""
    lines = (
        re.sub(r" ?\t[ \t]*", "\t", re.sub(r"[^\S\n\t]+", " ", line)).strip() for line in text.split("\n")
    )
    return "\n".join(filter(None, lines))


def _pieces(root: LexborNode) -> list[str]:
    """The text with its breaks. The tree is walked without recursion: pages nest as deep as they like."""
    pieces: list[str] = []
    node: LexborNode | None = root
    while node is not None:
        tag = node.tag or ""
        unread = tag in _UNREAD or node.is_comment_node or "hidden" in _attributes(node)
        if node.is_text_node:
            pieces.append(_text(node))
        elif not unread:
            pieces.append(_break(tag))
        below = None if unread or node.is_text_node else node.first_child
        if below is not None:
            node = below
            continue
        node = _following(node, root, pieces)
    return pieces


def _following(node: LexborNode, root: LexborNode, pieces: list[str]) -> LexborNode | None:
    """The next node after `node` and all that is in it; blocks that end there break the line."""
    here: LexborNode | None = node
    while here is not None and here != root:
        if here.is_element_node and here.tag not in _CELLS:
            pieces.append("" if here.tag == "br" else _break(here.tag or ""))
        if here.next is not None:
            return here.next
        here = here.parent
    return None


def _attributes(node: LexborNode) -> dict[str, str | None]:
    return node.attributes if node.is_element_node else {}


def _break(tag: str) -> str:
    if tag in _CELLS:
        return "\t"
    return "" if tag in _INLINE else "\n"


def _text(node: LexborNode) -> str:
    text = node.text_content or ""
    preformatted = node.parent is not None and node.parent.tag in ("pre", "textarea")
    return text if preformatted else re.sub(r"\s+", " ", text)
