"""Keeping the magic link's secret out of what is kept and shown."""

from typing import Any

NO_SECRET = object()
"""As validation context: no word of a secret is in what is validated."""


def without_secret(value: Any) -> Any:
    """`value` (any JSON) without the magic link's secret, wherever in it that lies."""
    if isinstance(value, dict):
        shown = (name for name in value if "magiclinksecret" not in name.replace("_", "").lower())
        return {name: without_secret(value[name]) for name in shown}
    return [without_secret(inner) for inner in value] if isinstance(value, list) else value
