"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds, and how long one takes.

    Many short ones: what a shared machine does to one side it then does to the other too.
    """

    rounds: int = 7
    seconds: float = 2.0
    quick: bool = False
    """Only to see that it works: as little as can be of everything, all at once, and no peers but arq."""

    def size(self, full: int, quick: int) -> int:
        """A number of things: the first, or in a hurry the second."""
        return quick if self.quick else full

    @property
    def messages(self) -> int:
        """Messages for which a round has time, with some to spare."""
        return int(self.seconds * (15_000 if self.quick else 25_000))

    def jobs(self, a_second: int) -> int:
        """As many as are done in a round at this rate."""
        return max(50, int(a_second * self.seconds)) if not self.quick else 50
