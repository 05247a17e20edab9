"""How often a customer buys, in words (DEFINITIONS.md, the end of "Facts")."""

from functools import lru_cache

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.money import number

# A longest pause of more than so many usual ones is no rhythm to speak of.
IRREGULAR = 3


def in_words(usual: float | None, longest: int | None) -> str:
    """`usual` and `longest` as Facts.typical_gap_days and Facts.long_gap_days have them: empty before the third day with an order."""
    return _in_words(usual, longest, get_language())


# A list says the same few again and again. In what language is part of the key.
@lru_cache(maxsize=1024)
def _in_words(usual: float | None, longest: int | None, language: str | None) -> str:
    if usual is None or longest is None:
        return _("no rhythm yet")
    if longest > IRREGULAR * usual:
        return ngettext("irregular; longest usual pause %(days)s day", "irregular; longest usual pause %(days)s days", longest) % {
            "days": number(longest)
        }
    days = int(usual + 0.5)
    return ngettext("usually every day", "usually every %(days)s days", days) % {"days": number(days)}
