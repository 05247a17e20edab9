"""Where browsers find this installation."""

from django.conf import settings

from config import environment


def host() -> str:
    """What it listens on, where browsers may call it by that; else the first whole name of ALLOWED_HOSTS."""
    listening = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
    names = [name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*")) and name.strip("[]") not in environment.LOOPBACK]
    if names and (settings.TRUSTED_PROXIES or listening not in settings.ALLOWED_HOSTS):
        return names[0]
    return listening


def url(path: str = "/") -> str:
    """The whole address of a page. A proxy that speaks https has the usual port."""
    if settings.TRUSTED_PROXIES and not settings.CERT_FILE:
        return f"https://{host()}{path}"
    return f"{'https' if settings.CERT_FILE else 'http'}://{host()}:{settings.PORT}{path}"
