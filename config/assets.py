"""The few files of installed packages that pages use, served beside our own static files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bootstrap_wrapper  # type: ignore[import-untyped]
import font_manrope  # type: ignore[import-untyped]
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.translation import gettext as _

BOOTSTRAP = Path(bootstrap_wrapper.get_bootstrap_dir())
MANROPE = Path(font_manrope.font_directory)
# Address below STATIC_URL → file. The .map is here because the stylesheet names it, and hashing follows every name.
PACKAGE_FILES = {
    "bootstrap/bootstrap.min.css": BOOTSTRAP / "css" / "bootstrap.min.css",
    "bootstrap/bootstrap.min.css.map": BOOTSTRAP / "css" / "bootstrap.min.css.map",
    "bootstrap/bootstrap.bundle.min.js": BOOTSTRAP / "js" / "bootstrap.bundle.min.js",
    "bootstrap/bootstrap.bundle.min.js.map": BOOTSTRAP / "js" / "bootstrap.bundle.min.js.map",
    "fonts/Manrope.ttf": MANROPE / "Manrope-VariableFont_wght.ttf",
    "fonts/Manrope-OFL.txt": MANROPE / "OFL.txt",
}


class PackageStorage(FileSystemStorage):
    """Chosen files under the addresses that we give them."""

    def path(self, name: str) -> str:
        return str(PACKAGE_FILES[name])


class PackageFinder(BaseFinder):
    storage = PackageStorage()

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Refuses to start when another version of a package has moved a file."""
        sentence = _("%(path)s is missing: the version of its package is not the one in requirements.txt.")
        missing = [path for path in PACKAGE_FILES.values() if not path.is_file()]
        return [Error(sentence % {"path": path}, id="regulars.E020") for path in missing]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in PACKAGE_FILES:
            return []
        return [str(PACKAGE_FILES[path])] if find_all else str(PACKAGE_FILES[path])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        return ((name, self.storage) for name in PACKAGE_FILES)
