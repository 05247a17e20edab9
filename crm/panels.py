"""What the floors above show on the customer page: each adds a panel, rendered in the same request."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.figures import Figures
from crm.models import Customer


@dataclass(frozen=True)
class Panel:
    """`build` gives what the template prints as `panel`, or None where there is nothing to show.

    They stand beside the timeline by `order`; those of a negative order stand in the head of the page, over its whole width.
    """

    template: str
    build: Callable[[Customer, Figures], object | None]
    order: int


@dataclass(frozen=True)
class Shown:
    template: str
    panel: object
    in_head: bool


PANELS: list[Panel] = []


def register(panel: Panel) -> None:
    PANELS.append(panel)
    PANELS.sort(key=lambda each: each.order)


def shown_for(customer: Customer, figures: Figures) -> list[Shown]:
    """The panels that have something to say about this customer."""
    built = [(panel, panel.build(customer, figures)) for panel in PANELS]
    return [Shown(panel.template, content, panel.order < 0) for panel, content in built if content is not None]
