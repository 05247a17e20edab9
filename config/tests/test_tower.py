"""The project keeps its rules, and each rule can fail."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from config.tests import tower
from config.tests.tower import Module

ROOT = Path(__file__).resolve().parents[2]
MODULES = tower.read(ROOT)
SOURCE = [module for module in MODULES if module.is_source]
# What Django loads for every app, beside what is imported.
LOADED = ("apps", "models", "admin")


def module(name: str, text: str) -> Module:
    return Module(name, dedent(text))


def web_roots() -> list[str]:
    """Where the web process begins; the settings name modules in strings."""
    known = {module.name for module in SOURCE}
    settings = next(module for module in SOURCE if module.name == "config.settings")
    strings = {name for _, name in tower.named_in_strings(settings)}
    named = {name if name in known else name.rpartition(".")[0] for name in strings}
    return ["config.wsgi", "config.urls", "config.settings", *named, *(f"{floor}.{part}" for floor in tower.FLOORS for part in LOADED)]


def test_no_module_goes_up_the_tower():
    assert [complaint for module in MODULES for complaint in tower.climbs(module)] == []


def test_no_modules_import_each_other_in_a_circle():
    assert tower.cycles(SOURCE) == []


def test_nothing_is_imported_inside_a_function():
    assert [complaint for module in SOURCE for complaint in tower.imports_inside_functions(module)] == []


def test_files_and_functions_keep_their_budgets():
    assert [complaint for module in SOURCE for complaint in tower.over_budget(module)] == []
    assert tower.ninth_decile(SOURCE) <= tower.FUNCTION_P90


def test_nothing_receives_signals():
    assert [complaint for module in SOURCE for complaint in tower.signal_receivers(module)] == []


def test_only_the_night_catches_everything():
    assert [complaint for module in SOURCE for complaint in tower.broad_excepts(module)] == []


def test_nothing_is_put_off_and_no_file_is_a_drawer_for_everything():
    assert [complaint for module in MODULES for complaint in tower.junk(module)] == []


def test_every_test_can_fail():
    assert tower.asserts_nothing(MODULES) == []


def test_nothing_the_web_process_imports_leads_to_pandas():
    assert tower.heavy_imports(SOURCE, web_roots()) == []


def test_a_web_process_that_has_served_every_page_has_not_loaded_pandas(installation):
    """Each address that needs no arguments, a customer, and the panel's lists; to an owner with somebody in the record."""
    script = """
        import sys
        from django.conf import settings
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        import config.wsgi
        from django.test import Client
        from django.urls import NoReverseMatch, get_resolver, reverse
        from django.utils import timezone
        from crm import jobs
        from crm.models import Business, Customer, Order, User
        from crm.record import save_customer, save_order
        jobs.ring = lambda *arguments: None
        jobs.show_life("tick", timezone.now())
        customer = Customer(name="Anna")
        save_customer(customer=customer, by=None)
        today = Business.load().today()
        save_order(order=Order(customer=customer, ordered_on=today, amount=5), by=None)
        Business.keep(as_of=today)
        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.create_user("jana@example.com", role="owner"))
        pages = [f"/customers/{customer.pk}/", *(f"/admin/{name}/" for name in ("crm/customer", "crm/order", "lifecycle/ladder"))]
        for pattern in get_resolver().url_patterns:
            try:
                pages.append(reverse(pattern.name)) if getattr(pattern, "name", None) else None
            except NoReverseMatch:
                pass
        answers = {page: client.get(page).status_code for page in pages}
        print(sum(status == 200 for status in answers.values()), {page: status for page, status in answers.items() if status >= 500})
        print(sorted({name.partition(".")[0] for name in sys.modules} & {"pandas", "numpy", "scipy"}))
    """
    ended = subprocess.run([sys.executable, "-c", dedent(script)], cwd=ROOT, env=installation, capture_output=True, text=True, check=True)
    served, loaded = ended.stdout.splitlines()
    assert int(served.split()[0]) >= 12 and served.endswith("{}"), ended.stdout
    assert loaded == "[]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crm.facts", "import lifecycle.nightly"),
        ("crm.facts", "from lifecycle import nightly"),
        ("crm.models.order", "from ...segments import rfm"),
        ("segments.rfm", "from config import settings"),
        ("lifecycle.nightly", "import config"),
        ("crm.models.order", 'night = models.ForeignKey("lifecycle.NightlyRun", on_delete=models.PROTECT)'),
        ("surveys.models", 'Run = apps.get_model("lifecycle", "NightlyRun")'),
        ("crm.jobs", 'import_string("segments.rfm.place")'),
        ("crm.migrations.0002_more", 'dependencies = [("lifecycle", "0001_initial")]'),
        ("crm.facts", "def late():\n    from segments import rfm"),
    ],
)
def test_a_way_up_is_found(name, text):
    assert len(tower.climbs(module(name, text))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lifecycle.nightly", "from crm import facts\nfrom segments.pareto import pareto"),
        ("config.urls", "from lifecycle import views"),
        ("crm.tests.test_facts", "from lifecycle import nightly"),
        ("crm.facts", "import numpy\nfrom crm.models import Order"),
        ("segments.models", 'customer = models.ForeignKey("crm.Customer", on_delete=models.CASCADE)'),
    ],
)
def test_a_way_down_is_left_alone(name, text):
    assert tower.climbs(module(name, text)) == []


def test_a_circle_is_found_through_packages_and_relative_imports():
    modules = [
        Module("crm.models", "from .order import Order", is_package=True),
        module("crm.models.order", "from crm import rules"),
        module("crm.rules", "from crm.models import Facts"),
    ]
    assert tower.cycles(modules) and tower.cycles(modules[:2]) == []


def test_an_import_inside_a_function_is_found():
    text = """
        import os

        class Page:
            def show(self):
                from crm import facts
    """
    assert tower.imports_inside_functions(module("crm.pages", text)) == ["crm.pages:6 imports inside a function"]


def test_what_is_too_long_or_too_branched_is_found():
    long = "def f():\n" + "    pass\n" * 40
    branched = "def f(x):\n" + "    if x: pass\n" * 8 + "    return 1 if x else 2\n"
    assert tower.over_budget(module("crm.a", long)) == ["crm.a.f has 41 lines"]
    assert tower.over_budget(module("crm.a", branched)) == ["crm.a.f has 9 branches"]
    assert tower.over_budget(module("crm.a", "x = 1\n" * 401)) == ["crm.a has 401 lines"]
    assert tower.over_budget(module("crm.a", "x = 1\n" * 400)) == []


def test_the_ninth_decile_counts_every_function():
    short, long = "def f():\n    pass\n", "def g():\n" + "    pass\n" * 29
    assert tower.ninth_decile([module("crm.a", short * 9 + long)]) == 2
    assert tower.ninth_decile([module("crm.a", short * 8 + long * 2)]) == 30


@pytest.mark.parametrize(
    "text", ["from django.dispatch import receiver", "from django.db.models import signals", "import django.db.models.signals"]
)
def test_a_signal_is_found(text):
    assert len(tower.signal_receivers(module("crm.a", text))) == 1


@pytest.mark.parametrize(
    "clause", ["except:", "except Exception:", "except (ValueError, BaseException) as error:", "except builtins.Exception:"]
)
def test_a_broad_except_is_found_everywhere_but_in_the_night(clause):
    text = f"try:\n    pass\n{clause}\n    pass\n"
    assert tower.broad_excepts(module("crm.a", text)) == ["crm.a:3 catches everything"]
    assert tower.broad_excepts(module("lifecycle.nightly", text)) == []


def test_a_broad_suppress_is_found_and_a_narrow_one_is_not():
    assert tower.broad_excepts(module("crm.a", "with suppress(Exception):\n    pass\n")) == ["crm.a:1 catches everything"]
    assert tower.broad_excepts(module("crm.a", "with suppress(KeyError):\n    pass\n")) == []


def test_a_drawer_and_a_postponement_are_found():
    assert tower.junk(module("crm.utils", "")) and tower.junk(module("crm.helpers.dates", ""))
    assert tower.junk(module("crm.a", "x = 1  # TO" + "DO: two")) == ["crm.a:1 puts work off"]
    assert tower.junk(module("crm.fold", "x = 1")) == []


def test_a_test_without_a_claim_is_found():
    text = """
        def same(a, b):
            assert a == b

        def test_by_a_helper():
            same(1, 1)

        def test_by_an_error():
            with pytest.raises(ValueError):
                int("x")

        def test_nothing():
            print(1)
    """
    assert tower.asserts_nothing([module("crm.tests.test_a", text)]) == ["crm.tests.test_a.test_nothing asserts nothing"]


def test_a_way_to_pandas_is_found_through_a_package():
    modules = [
        module("config.urls", "from crm.pages import customers"),
        Module("crm.pages", "from crm import kernel", is_package=True),
        module("crm.pages.customers", ""),
        module("crm.kernel", "from numpy import array"),
        module("crm.apart", "import pandas"),
    ]
    assert tower.heavy_imports(modules, ["config.urls"]) == ["config.urls → crm.pages.customers → crm.pages → crm.kernel → numpy.array"]
