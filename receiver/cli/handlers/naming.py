"""What a new handler may be called, so that it hides nothing and nothing hides it."""

import keyword
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from receiver.api import handler
from receiver.registry import environment_prefix, installed
from receiver.settings import Settings


@dataclass(frozen=True, slots=True)
class Naming:
    """What everything of a new handler is called."""

    name: str
    """In HANDLERS."""

    @property
    def module(self) -> str:
        """Of the module, and of the function in it."""
        return self.name.replace("-", "_")

    @property
    def package(self) -> str:
        """As pip lists it. With the router's name before it, so that it is nobody else's."""
        return f"nectar-router-{self.module.replace('_', '-')}"

    @property
    def prefix(self) -> str:
        """What its variables begin with."""
        return environment_prefix(self.name)


def choose(name: str) -> Naming:
    """The names that follow from a handler's. Raises ValueError that says what is in their way."""
    handler(name)  # its own rules
    naming = Naming(name)
    _check_installed(naming)
    _check_variables(naming)
    _check_module(naming)
    return naming


def _check_installed(naming: Naming) -> None:
    for name, points in installed().items():
        if environment_prefix(name) == naming.prefix:
            origin = points[0].dist.name if points[0].dist else points[0].value
            same = "is installed already" if name == naming.name else f"has the variables of {name!r}"
            raise ValueError(f"{naming.name!r} {same}, from {origin}; choose another name")
    try:
        found = distribution(naming.package)
    except PackageNotFoundError:
        return
    raise ValueError(
        f"the package {naming.package} {found.version} is installed already; choose another name"
    )


def _check_variables(naming: Naming) -> None:
    own = [field.upper() for field in Settings.model_fields if field.upper().startswith(f"{naming.prefix}_")]
    if own:
        raise ValueError(
            f"{naming.name!r}: the variables of its options would be mixed up with the router's own "
            f"{', '.join(own)}; choose another name, such as my-{naming.name}"
        )


def _check_module(naming: Naming) -> None:
    if keyword.iskeyword(naming.module):
        taken = "a word of Python's own"
    elif naming.module in sys.stdlib_module_names:
        taken = "a module of Python's own"
    elif origin := _origin(naming.module):
        taken = f"a module that is installed ({origin})"
    else:
        return
    raise ValueError(f"{naming.module!r} is {taken}; choose another name, such as my-{naming.name}")


def _origin(module: str) -> str:
    """Where a module of that name is; empty: there is none, or just a folder on the path by chance."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return ""
    return (spec.origin or "") if spec else ""
