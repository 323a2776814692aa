"""Leaves out what is about a person: the login's user name and e-mail addresses."""

import re

from pydantic import JsonValue

LEFT_OUT = "[left out]"
FREE_TEXT = "statusErrorDetail"
_PERSONAL = re.compile(r"(user_?name|e?mails?|e?mail_?address(es)?)$", re.I)
_WORD = re.compile(r"\S+")


def without_personal(value: JsonValue, username: str | None, name: str = "") -> JsonValue:
    """`value` without fields that hold a user name or addresses, and without addresses in other texts.

    In the free text that a website gave as its error the user name is left out too. Elsewhere a text that
    is equal to it may well be something else, such as an account number.
    """
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if not _PERSONAL.search(key)}
        return {key: without_personal(inner, username, key) for key, inner in kept.items()}
    if isinstance(value, list):
        return [without_personal(inner, username, name) for inner in value]
    if not isinstance(value, str):
        return value
    if name == FREE_TEXT and username:
        value = re.sub(rf"(?<!\w){re.escape(username)}(?!\w)", LEFT_OUT, value, flags=re.I)
    return _WORD.sub(_without_address, value) if "@" in value or "%40" in value else value


def _without_address(word: re.Match[str]) -> str:
    return LEFT_OUT if "@" in word[0] or "%40" in word[0] else word[0]
