"""Kotler's ladder as built in (DEFINITIONS.md): first match wins, the last one takes the rest."""

from django.utils.translation import gettext_noop

from lifecycle.blueprint import EVERYONE, Blueprint, BuiltIn, at_least, either, every, holds, is_so, passed

KEY = "kotler"
STAGES = (
    BuiltIn(
        "disqualified",
        gettext_noop("Disqualified"),
        None,
        either(is_so("is_disqualified"), every(holds("paid_orders", "=", 0), at_least("unpaid_orders", 2))),
    ),
    BuiltIn("lost", gettext_noop("Lost"), None, either(is_so("is_marked_lost"), passed("lost_on"))),
    BuiltIn("inactive", gettext_noop("Inactive"), None, passed("inactive_on")),
    BuiltIn("partner", gettext_noop("Partner"), 6, is_so("is_partner")),
    BuiltIn("advocate", gettext_noop("Advocate"), 5, at_least("referrals_ordered", 2)),
    BuiltIn("client", gettext_noop("Client"), 4, every(at_least("orders_12m", 4), is_so("only_us"))),
    BuiltIn("repeat", gettext_noop("Repeat"), 3, at_least("order_days", 2)),
    BuiltIn("first-time", gettext_noop("First-time"), 2, holds("order_days", "=", 1)),
    BuiltIn("prospect", gettext_noop("Prospect"), 1, EVERYONE),
)
KOTLER = Blueprint(KEY, "Kotler", STAGES)
install = KOTLER.install
