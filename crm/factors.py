"""Two-factor login: a time-based code from an app, or a recovery code, after the password or the login link.

The arithmetic and the rows are django-allauth's; what is ours is that a code works once whichever process it is shown to.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO

import qrcode
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage

from crm import audit
from crm.models import UsedCode, User

PERIOD = timedelta(seconds=30)
# Clocks may differ by one period, before and after.
DRIFT = (-1, 0, 1)
ISSUER = "Regulars"

audit.register(
    audit.Action("factor.on", _("Two-factor login set up")),
    audit.Action("factor.off", _("Two-factor login switched off")),
    audit.Action("factor.codes", _("New recovery codes made")),
)


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keeps the secrets encrypted: who reads the database, or a copy of it, cannot compute a code."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(b"two-factor login\0" + settings.SECRET_KEY.encode()).digest()))


def is_on(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def new_secret() -> str:
    return str(generate_totp_secret())


def address_of(user: User, secret: str) -> str:
    """What an app reads from the picture (the key URI format)."""
    return f"otpauth://totp/{ISSUER}:{user.email}?secret={secret}&issuer={ISSUER}"


def picture_of(user: User, secret: str) -> bytes:
    """The QR code as an SVG, on white, which a camera needs in the dark theme too."""
    image, buffer = qrcode.make(address_of(user, secret), image_factory=SvgPathFillImage), BytesIO()
    image.save(buffer)
    return buffer.getvalue()


def counter_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute to which the code belongs; None where it belongs to none that is near."""
    current = int(now.timestamp() // PERIOD.total_seconds())
    fits = (each for each in (current + drift for drift in DRIFT) if compare_user_code(actual=code, expected=_code(secret, each)))
    return next(fits, None)


def code_at(secret: str, now: datetime) -> str:
    return _code(secret, int(now.timestamp() // PERIOD.total_seconds()))


def _code(secret: str, counter: int) -> str:
    return str(format_hotp_value(hotp_value(secret, counter)))


@transaction.atomic
def switch_on(*, by: User, secret: str, code: str, now: datetime) -> list[str]:
    """The recovery codes, to be shown this once; none where the code does not fit, or where it is on already."""
    counter = counter_of(secret, _bare(code), now)
    if counter is None or is_on(by) or not _claim(by, counter):
        return []
    TOTP.activate(by, secret)
    audit.keep(what="factor.on", by=by, of=by)
    return _new_codes(by)


@transaction.atomic
def passes(*, user: User, code: str, now: datetime) -> bool:
    """Whether this code lets them in; it is used up by that."""
    found = {row.type: row for row in Authenticator.objects.filter(user=user)}
    totp, spare = found.get(Authenticator.Type.TOTP), found.get(Authenticator.Type.RECOVERY_CODES)
    try:
        counter = counter_of(decrypt(totp.data["secret"]), _bare(code), now) if totp else None
        if counter is not None:
            return _claim(user, counter)
        return bool(totp and spare and RecoveryCodes(spare).validate_code(_bare(code)))
    except InvalidToken:
        # Of another SECRET_KEY: nobody can say whether it fits.
        return False


@transaction.atomic
def switch_off(*, user: User, by: User | None) -> bool:
    """Whether there was something to switch off. `by` is None for the operator's command."""
    gone, _rows = Authenticator.objects.filter(user=user).delete()
    UsedCode.objects.filter(user=user).delete()
    if gone:
        audit.keep(what="factor.off", by=by, of=user)
    return bool(gone)


@transaction.atomic
def renew_codes(*, by: User) -> list[str]:
    """Others in place of those that were; to be shown this once."""
    Authenticator.objects.filter(user=by, type=Authenticator.Type.RECOVERY_CODES).delete()
    audit.keep(what="factor.codes", by=by, of=by)
    return _new_codes(by)


def codes_left(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    try:
        return len(RecoveryCodes(row).get_unused_codes()) if row else 0
    except InvalidToken:
        return 0


def _new_codes(user: User) -> list[str]:
    return list(RecoveryCodes.activate(user).get_unused_codes())


def _claim(user: User, counter: int) -> bool:
    """Whether this half minute had not let them in before: of several that come at once, one."""
    _row, is_new = UsedCode.objects.get_or_create(user=user, counter=counter)
    UsedCode.objects.filter(user=user, counter__lt=counter - len(DRIFT)).delete()
    return is_new


def _bare(code: str) -> str:
    """As people type it, in groups."""
    return "".join(code.split())
