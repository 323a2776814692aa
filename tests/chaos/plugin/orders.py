"""What the bench tells the handlers to do, in a file that they read at each delivery."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel


class Trouble(StrEnum):
    """What is wrong with the handler `troubled`."""

    NONE = "none"
    RAISES = "raises"
    HANGS = "hangs"
    BLOCKS = "blocks"
    DIES = "dies"
    REFUSED = "refused"
    LATER = "later"


class Orders(BaseModel):
    """The file's content."""

    trouble: Trouble = Trouble.NONE
    connections: tuple[str, ...] = ()
    """Those that the trouble strikes."""
    rejected: tuple[str, ...] = ()
    """Those that are refused for good, so that there are dead letters."""
    dawdle: float = 0.0
    """Seconds that each delivery takes."""

    @classmethod
    def read(cls, path: str) -> "Orders":
        """What the handlers are to do now."""
        return cls.model_validate_json(Path(path).read_bytes())

    def give(self, path: str) -> None:
        """Tell the handlers. In one step, so that none reads half of it."""
        new = Path(f"{path}.new")
        new.write_text(self.model_dump_json())
        new.replace(path)
