"""Texts as Jira keeps them: documents of paragraphs and lists, and back.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
Text in a document is never read as markup: whatever comes from outside is shown as it is.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Json: TypeAlias = dict[str, Any]

BULLET = "* "
_URL = re.compile(r"(https?://\S+)")
_BLOCKS = {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "panel", "rule"}


def document(text: str, linked: str = "") -> Json:
    """The text as a document. Addresses on the host of `linked` can be clicked; others are only shown."""
    blocks = [block for part in re.split(r"\n{2,}", text.strip()) for block in _blocks(part, linked)]
    return {"type": "doc", "version": 1, "content": blocks}


def _blocks(part: str, linked: str) -> Iterator[Json]:
    lines = [line for line in part.split("\n") if line.strip()]
    for is_list, group in groupby(lines, lambda line: line.startswith(BULLET)):
        if is_list:
            items = [_paragraph([line.removeprefix(BULLET)], linked) for line in group]
            yield {
                "type": "bulletList",
                "content": [{"type": "listItem", "content": [item]} for item in items],
            }
        else:
            yield _paragraph([*group], linked)


def _paragraph(lines: list[str], linked: str) -> Json:
    content: list[Json] = []
    for line in lines:
        content += [{"type": "hardBreak"}] if content else []
        # An empty text is no text to Jira: it refuses the document.
        content += [_text(part, linked) for part in _URL.split(line) if part]
    return {"type": "paragraph", "content": content}


def _text(part: str, linked: str) -> Json:
    if _place(linked) and _place(part) == _place(linked):
        return {"type": "text", "text": part, "marks": [{"type": "link", "attrs": {"href": part}}]}
    return {"type": "text", "text": part}


def _place(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def plain(node: Any) -> str:
    """All the text of a document, whoever wrote it: a line for each paragraph and line break."""
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "hardBreak":
        return "\n"
    inner = "".join(plain(child) for child in node.get("content") or [])
    text = f"{node.get('text') or ''}{inner}"
    return f"{text}\n" if node.get("type") in _BLOCKS else text
