"""The list of possible duplicates."""

from dataclasses import dataclass

from django.db.models import F

from crm.merging.candidates import ON_A_PAGE, Looked, shown
from crm.models import Candidate
from crm.paging import Cursor, Page, Sort, page

BEST = Sort("best", F("score"), descending=True)


@dataclass(frozen=True)
class Duplicates:
    page: Page[Candidate]
    looked: Looked

    @classmethod
    def of(cls, cursor: str) -> "Duplicates":
        rows = shown().select_related("first", "second")
        return cls(page(rows, BEST, Cursor.read(cursor, BEST) if cursor else None, ON_A_PAGE), Looked.last())
