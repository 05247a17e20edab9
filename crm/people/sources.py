"""The acquisition sources that are known: offered where one is typed."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm.models import Customer

MOST_READ, MOST_OFFERED = 2_000, 50


def known_sources() -> list[str]:
    """Those of the latest customers, each once, by how often they occur: what it costs does not grow with the business."""
    counted: dict[str, int] = {}
    for source in Customer.objects.present().order_by("-pk").values_list("source", flat=True)[:MOST_READ]:
        if source:
            counted[source] = counted.get(source, 0) + 1
    return sorted(counted, key=lambda source: (-counted[source], source))[:MOST_OFFERED]


class SourceInput(forms.TextInput):
    """A line of text that offers the sources that are known; another may be written."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, {**(attrs or {}), "list": f"known-{name}"}, renderer)
        return box + SafeString(render_to_string("crm/people/_sources.html", {"id": f"known-{name}", "sources": known_sources()}))
