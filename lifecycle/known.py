"""What is known of a ladder on the day that its page shows: now, on the day that is looked back at, or on one of the history."""

from dataclasses import dataclass
from datetime import date

from crm.figures import Figures
from crm.models import FactsRow, PastFacts
from lifecycle import history
from lifecycle.choice import Choice
from lifecycle.nudge import Nudge
from lifecycle.past import PastDay
from lifecycle.people import People
from lifecycle.rungs import QUICK, Counted, Moves, moves_alone, moves_since


@dataclass(frozen=True)
class Known:
    """`counted` is None where counting takes a night, or where there are no facts of that day. `begun` is the first day of the ladder."""

    choice: Choice
    past: PastDay
    as_of: date
    is_past: bool
    facts: type[FactsRow]
    begun: date | None
    counted: Counted | None
    nudge: Nudge | None
    people: People

    @classmethod
    def of(cls, choice: Choice, figures: Figures, live: date, asked: str) -> "Known":
        """`live` is the day of `figures`, `asked` the day that the address asks for, as text."""
        heights, begun = choice.heights, history.begun(choice.heights.ladder)
        past = PastDay.of(asked, live, begun)
        as_of, is_past = past.day or live, figures.is_past or past.day is not None
        # The facts of a day of the history are there where somebody looks back at that very day.
        facts = PastFacts if past.day and past.day == figures.business.past_as_of else figures.facts
        has_facts = begun is not None and (not past.day or facts is PastFacts) and (heights.is_primary or not is_past)
        counted = Counted.kept(heights, as_of) if has_facts else None
        nudge = Nudge.of(heights, counted.stays, as_of) if counted and not is_past else None
        people = People.of(choice, figures, past.day, nudge)
        if has_facts and counted is None and people.all_of_them <= QUICK:
            counted = Counted.count(heights, facts, as_of)
            nudge = None if is_past else Nudge.of(heights, counted.stays, as_of)
            people = people.with_nudge(nudge)
        return cls(choice, past, as_of, is_past, facts, begun, counted, nudge, people)

    def moves(self, days: int) -> Moves:
        """Those of the last so many days."""
        heights = self.choice.heights
        if self.counted:
            return self.counted.within(days) + moves_since(heights, self.facts, self.as_of, self.begun)
        return moves_alone(heights, self.as_of, days, self.begun, is_past=self.is_past)
