import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

from config import assets

STATIC = settings.BASE_DIR / "static"


def test_only_the_chosen_files_of_packages_are_served():
    served = dict(assets.PackageFinder().list([]))

    assert list(served) == list(assets.PACKAGE_FILES)
    assert all(storage.size(name) > 1000 for name, storage in served.items())


def test_a_file_of_a_package_is_found_by_its_address():
    assert finders.find("bootstrap/bootstrap.min.css").endswith("css/bootstrap.min.css")
    assert finders.find("bootstrap/bootstrap.min.css", find_all=True) == [str(assets.PACKAGE_FILES["bootstrap/bootstrap.min.css"])]
    assert not finders.find("bootstrap/bootstrap.css")


def test_a_package_that_has_moved_a_file_stops_the_start(monkeypatch):
    assert assets.PackageFinder().check() == []
    monkeypatch.setitem(assets.PACKAGE_FILES, "fonts/Manrope.ttf", Path("/moved/Manrope.ttf"))

    (error,) = assets.PackageFinder().check()

    assert error.is_serious() and "/moved/Manrope.ttf is missing" in error.msg


@pytest.mark.slow
def test_every_address_in_a_collected_stylesheet_leads_to_a_collected_file(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)

    links = [
        (sheet, urljoin(sheet.relative_to(tmp_path).as_posix(), link))
        for sheet in tmp_path.glob("css/*.css")
        for link in re.findall(r'url\("([^"]+)"\)', sheet.read_text())
    ]
    found = {Path(target).name.partition(".")[0] for _, target in links}
    assert found >= {"bootstrap", "tokens", "base", "skin", "door", "Manrope", "check"}
    assert [(sheet.name, target) for sheet, target in links if not (tmp_path / target).is_file()] == []


def test_every_token_used_is_defined_and_every_colour_is_a_token():
    sheets = {path.name: path.read_text() for path in (STATIC / "css").glob("*.css")}
    defined = set(re.findall(r"(--[\w-]+):", "".join(sheets.values())))
    # Django's admin panel has tokens of its own, and its sheets use those.
    ours = "".join(text for name, text in sheets.items() if "admin" not in name)
    used = set(re.findall(r"var\((--[\w-]+)\)", ours))

    assert {name for name in used - defined if not name.startswith("--bs-")} == set()
    assert {name: re.findall(r"#[0-9a-f]{3,8}\b", text) for name, text in sheets.items() if name != "tokens.css"} == {
        name: [] for name in sheets if name != "tokens.css"
    }


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, definition of contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "bad") for ground in ("paper", "side", "sunk")),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("ink", "bad-soft"),
        ("ink", "hover"),
    ],
)
def test_text_stands_out_from_its_ground(mode, ink, ground):
    tokens = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", (STATIC / "css" / "tokens.css").read_text()))

    assert contrast(tokens[ink].split(", ")[mode], tokens[ground].split(", ")[mode]) >= 4.5
