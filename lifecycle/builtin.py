"""The ladders that come with the program, all over the same facts, side by side every night."""

from lifecycle.categories import CATEGORIES
from lifecycle.engagement import ENGAGEMENT
from lifecycle.kotler import KOTLER
from lifecycle.models import Ladder

BLUEPRINTS = (KOTLER, ENGAGEMENT, CATEGORIES)


def install() -> Ladder:
    """Each of them, made where it is not there; Kotler's, which is the primary one until an owner chooses another."""
    return [blueprint.install() for blueprint in BLUEPRINTS][0]
