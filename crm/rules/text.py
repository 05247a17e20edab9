"""A rule as text: what a person types into a field, or a file holds."""

import json
from typing import Any as Anything

from django.utils.translation import gettext as _

from crm.rules.tree import InvalidRule

# Fifty comparisons with a hundred short values each.
LONGEST = 100_000


class _Refused(ValueError):
    """The message is the sentence."""


def loads(text: str) -> Anything:
    """The JSON value that `text` writes down; more strict than json.loads. Raises InvalidRule.

    A key said twice would silently mean the second, NaN and Infinity are not JSON, and half a surrogate pair can be neither kept nor shown.
    """
    if len(text) > LONGEST:
        raise InvalidRule([("", _("A rule has at most %(most)d letters.") % {"most": LONGEST})])
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
        return value
    except json.JSONDecodeError as wrong:
        sentence = _("This is not JSON from line %(line)d, letter %(letter)d on.") % {"line": wrong.lineno, "letter": wrong.colno}
        raise InvalidRule([("", sentence)]) from None
    except RecursionError:
        raise InvalidRule([("", _("This is nested too deep."))]) from None
    except _Refused as wrong:
        raise InvalidRule([("", str(wrong))]) from None
    except UnicodeEncodeError:
        raise InvalidRule([("", _("A text in it holds a letter that cannot be written."))]) from None
    except ValueError:
        # A whole number of more digits than Python reads.
        raise InvalidRule([("", _("A number in it is too long."))]) from None


def _once(pairs: list[tuple[str, Anything]]) -> dict[str, Anything]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise _Refused(_("A part of the rule is said twice; each can be said once."))
    return read


def _no_number(name: str) -> Anything:
    raise _Refused(_("%(name)s is not a number that a rule can compare with.") % {"name": name})
