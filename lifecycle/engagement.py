"""How much somebody has to do with us, by the last 12 months: the ladder "Engagement" as built in (docs/ladders.md says why)."""

from django.utils.translation import gettext_noop

from lifecycle.blueprint import EVERYONE, Blueprint, BuiltIn, at_least, either, every, is_so

KEY = "engagement"
STAGES = (
    BuiltIn(
        "unconditional",
        gettext_noop("Unconditional customer"),
        7,
        every(is_so("only_us"), at_least("orders_12m", 6), either(at_least("referrals_ordered", 1), is_so("is_partner"))),
    ),
    BuiltIn("advocate", gettext_noop("Advocate"), 6, every(at_least("referrals_ordered", 1), at_least("orders_12m", 1))),
    BuiltIn("member", gettext_noop("Member"), 5, every(at_least("orders_12m", 6), either(is_so("only_us"), is_so("is_partner")))),
    BuiltIn("client", gettext_noop("Client"), 4, every(at_least("orders_12m", 4), at_least("order_days", 4))),
    BuiltIn("occasional", gettext_noop("Occasional buyer"), 3, at_least("orders_12m", 1)),
    BuiltIn("prospect", gettext_noop("Prospect"), 2, either(at_least("orders", 1), at_least("interactions_12m", 1))),
    BuiltIn("suspect", gettext_noop("Suspect"), 1, EVERYONE),
)
ENGAGEMENT = Blueprint(KEY, gettext_noop("Engagement"), STAGES)
