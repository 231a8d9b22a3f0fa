"""Everything the simulator is: its books, its papers, where it stands, and what is to go wrong."""

from dataclasses import dataclass, field

from yimen_simulators.channels.books import Books
from yimen_simulators.channels.faults import Faults
from yimen_simulators.channels.papers import Papers


@dataclass
class World:
    """One simulator. ``origin`` is its own address, which it puts into what it answers."""

    books: Books
    papers: Papers
    origin: str
    faults: Faults = field(default_factory=Faults)
