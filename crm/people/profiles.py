"""Social profiles: at most ten, each on a known network, by a name there or an https address."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding
from crm.models import Customer, SocialProfile, User
from crm.people.words import line

MOST_PROFILES, LONGEST = 10, 300
Network = SocialProfile.Network
# Where a network is, and what a name stands after; a website has no names.
_AT = {
    Network.FACEBOOK: ("facebook.com", "https://www.facebook.com/"),
    Network.INSTAGRAM: ("instagram.com", "https://www.instagram.com/"),
    Network.LINKEDIN: ("linkedin.com", "https://www.linkedin.com/in/"),
    Network.X: ("x.com", "https://x.com/"),
    Network.TIKTOK: ("tiktok.com", "https://www.tiktok.com/@"),
    Network.YOUTUBE: ("youtube.com", "https://www.youtube.com/@"),
}
_NAME = re.compile(r"@?([A-Za-z0-9._-]{1,100})", re.ASCII)
_HOST = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]{2,}", re.ASCII)
_PLAIN = re.compile(r"[!-~]+", re.ASCII)

audit.register(
    audit.Action("profile.added", gettext_lazy("Social profile added")),
    audit.Action("profile.removed", gettext_lazy("Social profile removed")),
)


def read(network: str, text: str) -> tuple[str, str]:
    """The name as it is shown and the address, of what somebody typed. Raises ValidationError, a sentence."""
    if network not in Network.values:
        raise ValidationError(_("Choose one of the networks shown."))
    known, text = Network(network), line(text, LONGEST)
    if not text:
        raise ValidationError(_("Write the name they have there, or the address of their page."))
    match = _NAME.fullmatch(text)
    if match and known in _AT and not text.lower().endswith(_AT[known][0]):
        return match[1], f"{_AT[known][1]}{match[1]}"
    return _address(known, text)


def _address(network: Network, text: str) -> tuple[str, str]:
    # Without its beginning, as people write addresses; any other beginning than https is refused.
    text = text if ":" in text.partition("/")[0] else f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removesuffix(".")
        is_plain = parts.scheme == "https" and parts.port in (None, 443) and not parts.username
    except ValueError:
        host, is_plain = "", False
    if not is_plain or not _PLAIN.fullmatch(text) or not _HOST.fullmatch(host):
        raise ValidationError(_("Write an address that begins with https://, or the name they have there."))
    if network in _AT and host != _AT[network][0] and not host.endswith(f".{_AT[network][0]}"):
        raise ValidationError(_("A page on %(network)s has an address at %(host)s.") % {"network": network.label, "host": _AT[network][0]})
    rest = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return f"{host.removeprefix('www.')}{rest}", f"https://{host}{rest or '/'}"


@transaction.atomic
def add_profile(*, customer: Customer, network: str, text: str, by: User) -> SocialProfile | None:
    """None where it is there already. Raises ValidationError for what is none, and for an eleventh."""
    handle, url = read(network, text)
    here = hiding.locked(customer)[customer.pk]
    own = list(here.social_profiles.all())
    if any((one.network, one.url) == (network, url) for one in own):
        return None
    if len(own) >= MOST_PROFILES:
        raise ValidationError(_("At most %(most)d profiles are kept: remove one first.") % {"most": MOST_PROFILES})
    made = SocialProfile.objects.create(customer=here, network=network, handle=handle, url=url)
    audit.keep(what="profile.added", by=by, of=made, customer=here, changes={network: ["", url]})
    return made


@transaction.atomic
def remove_profile(*, customer: Customer, pk: int, by: User) -> SocialProfile | None:
    """What was removed; None where it is gone already."""
    found = SocialProfile.objects.select_for_update().filter(pk=pk, customer=customer).first()
    if found is None:
        return None
    audit.keep(what="profile.removed", by=by, of=found, customer=customer, changes={found.network: [found.url, ""]})
    SocialProfile.objects.filter(pk=pk).delete()
    return found
