"""Icons by what they mean; their drawings are lucide's."""

from functools import cache

from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

# Meaning → lucide's name.
ICONS = {
    "today": "sun",
    "customers": "users",
    "ladder": "chart-no-axes-column-increasing",
    "pareto": "chart-line",
    "import": "upload",
    "settings": "settings",
    "search": "search",
    "menu": "menu",
    "theme": "contrast",
    "language": "languages",
    "sign-out": "log-out",
    "add": "plus",
    "add-person": "user-plus",
    "person": "user",
    "company": "building-2",
    "call": "phone",
    "email": "mail",
    "visit": "store",
    "chat": "message-circle",
    "social": "share-2",
    "letter": "mail-open",
    "complaint": "circle-alert",
    "order": "shopping-bag",
    "refund": "corner-up-left",
    "note": "pencil",
    "evidence": "badge-check",
    "pin": "pin",
    "quiet": "hourglass",
    "due": "calendar-clock",
    "up": "arrow-up",
    "down": "arrow-down",
    "back": "arrow-left",
    "forward": "arrow-right",
    "previous": "chevron-left",
    "next": "chevron-right",
    "open": "chevron-down",
    "yes": "check",
    "no": "x",
    "close": "x",
    "undo": "undo-2",
    "again": "rotate-ccw",
    "later": "alarm-clock",
    "history": "history",
    "filter": "funnel",
    "segments": "funnel",
    "duplicate": "copy",
    "put-in": "user-plus",
    "take-out": "user-minus",
    "save": "bookmark",
    "gem": "gem",
    "download": "download",
    "file": "file-text",
    "remove": "trash-2",
    "demo": "coffee",
    "info": "info",
    "warning": "triangle-alert",
    "done": "circle-check",
    "inactive": "circle-pause",
    "lost": "circle-x",
    "disqualified": "circle-slash",
    "leave-out": "user-minus",
}


@cache
def icon(name: str) -> SafeString:
    """The drawing as SVG in the size and colour of the text beside it, hidden from screen readers."""
    return SafeString(lucide(ICONS[name], size=None, aria_hidden="true", **{"class": "i"}))
