"""A staff member's morning at the counter, in front of a browser: by keyboard alone, or with a finger on a phone.

`by_keyboard(page, caller)` and `by_touch(page, caller)` do the same five things and yield each once it is seen to be done, with its time
and what it took of hands. `prepare(page, address, caller)` gives them two tasks before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from playwright.sync_api import Locator, Page

CALL, COMPLAINT = "Wants two kilos of the new harvest on Friday.", "The grinder stopped after a week."
REASON = "They are away until tomorrow."
# More rows than this before the wanted one are not walked.
FAR = 60


@dataclass(frozen=True)
class Caller:
    """Whose number is on the display, as the telephone shows it."""

    pk: int
    name: str
    number: str

    @property
    def to_finish(self) -> str:
        return f"Send the list to {self.name}"

    @property
    def to_snooze(self) -> str:
        return f"Ask how it tasted: {self.name}"


@dataclass(frozen=True)
class Step:
    """`deeds` are presses of keys, or taps; letters of words and digits of numbers are counted by themselves."""

    what: str
    seconds: float
    deeds: int
    letters: int


class Hands:
    """At the keyboard or the glass, never at a mouse; counts what they do."""

    def __init__(self, page: Page) -> None:
        self.page, self.deeds, self.letters = page, 0, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.deeds += len(keys)

    def tap(self, what: Locator) -> None:
        what.tap()
        self.deeds += 1

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)
        self.letters += len(words)

    def timed(self, what: str, act: Callable[[], None]) -> Step:
        self.deeds = self.letters = 0
        began = perf_counter()
        act()
        return Step(what, perf_counter() - began, self.deeds, self.letters)


def prepare(page: Page, address: str, caller: Caller) -> None:
    """Both tasks, by the form of the page; they are part of the day before."""
    for what in (caller.to_finish, caller.to_snooze):
        page.goto(f"{address}/tasks/new/")
        page.locator("#task_why").fill(what)
        page.get_by_role("button", name="Add task").press("Enter")
        page.get_by_text(f"has a new task: {what}").wait_for()
    page.goto(f"{address}/")


def by_keyboard(page: Page, caller: Caller) -> Iterator[Step]:
    hands = Hands(page)

    def find() -> None:
        hands.press("/")
        hands.type(caller.number)
        hands.press("Enter")
        _until_opened(page, caller)

    def log() -> None:
        hands.press("l")
        _until_ready(page)
        hands.type(CALL)
        hands.press("Control+Enter")
        _until_logged(page, CALL)

    def complain() -> None:
        hands.press("l")
        _until_ready(page)
        hands.type(COMPLAINT)
        # Back to the kinds, of which it is the last: the arrows go round.
        hands.press("Shift+Tab", "ArrowLeft", "Control+Enter")
        _until_complained(page)

    def finish() -> None:
        hands.press("g", "k")
        page.wait_for_url("**/tasks/")
        _walk_to(hands, caller.to_finish)
        hands.press("d")
        _until_finished(page, caller)

    def snooze() -> None:
        _walk_to(hands, caller.to_snooze)
        hands.press("s")
        page.locator("input[name=reason]:focus").wait_for()
        hands.type(REASON)
        hands.press("Tab", "Enter")
        _until_snoozed(page)

    for what, act in _named(find, log, complain, finish, snooze):
        yield hands.timed(what, act)


def by_touch(page: Page, caller: Caller) -> Iterator[Step]:
    hands = Hands(page)

    def find() -> None:
        hands.tap(page.get_by_role("link", name="Search customers"))
        hands.type(caller.number)
        hands.tap(page.locator("#finder [role=option]", has_text=caller.name).first)
        _until_opened(page, caller)

    def log() -> None:
        hands.tap(page.locator(".tab-log"))
        _until_ready(page)
        hands.type(CALL)
        hands.tap(_log_button(page))
        _until_logged(page, CALL)

    def complain() -> None:
        hands.tap(page.locator(".tab-log"))
        _until_ready(page)
        hands.type(COMPLAINT)
        hands.tap(page.locator("#log label", has_text="Complaint").first)
        hands.tap(_log_button(page))
        _until_complained(page)

    def finish() -> None:
        hands.tap(page.locator(".tabbar").get_by_role("button", name="More"))
        hands.tap(page.locator("#side").get_by_role("link", name="Tasks"))
        page.wait_for_url("**/tasks/")
        hands.tap(_row(page, caller.to_finish).get_by_role("button", name="Done"))
        _until_finished(page, caller)

    def snooze() -> None:
        row = _row(page, caller.to_snooze)
        hands.tap(row.locator("summary"))
        hands.tap(row.locator("input[name=reason]"))
        hands.type(REASON)
        hands.tap(row.get_by_role("button", name="Until tomorrow"))
        _until_snoozed(page)

    for what, act in _named(find, log, complain, finish, snooze):
        yield hands.timed(what, act)


def _named(*acts: Callable[[], None]) -> Iterator[tuple[str, Callable[[], None]]]:
    names = ("find by phone number", "log a call", "open a complaint", "finish a task", "snooze a task with a reason")
    return zip(names, acts, strict=True)


def _walk_to(hands: Hands, what: str) -> None:
    chosen = hands.page.locator("[data-row].is-cur")
    for _ in range(FAR):
        if chosen.count() and what in chosen.inner_text():
            return
        hands.press("j")
    raise AssertionError(f"No j leads to {what}.")


def _row(page: Page, what: str) -> Locator:
    return page.locator("[data-row]", has_text=what)


def _log_button(page: Page) -> Locator:
    return page.locator("#log").get_by_role("button", name="Log", exact=True)


def _until_opened(page: Page, caller: Caller) -> None:
    page.wait_for_url(f"**/customers/{caller.pk}/")
    page.locator("h1", has_text=caller.name).wait_for()


def _until_ready(page: Page) -> None:
    """The dialog knows whose page it is opened on, and waits for what happened."""
    page.locator("#log-text:focus").wait_for()


def _until_logged(page: Page, words: str) -> None:
    page.locator("#timeline").get_by_text(words).first.wait_for()
    page.locator("#log").wait_for(state="hidden")


def _until_complained(page: Page) -> None:
    _until_logged(page, COMPLAINT)
    page.get_by_text("Complaint of").first.wait_for()


def _until_finished(page: Page, caller: Caller) -> None:
    page.get_by_text(f"Done: {caller.to_finish}").wait_for()
    _row(page, caller.to_finish).wait_for(state="detached")


def _until_snoozed(page: Page) -> None:
    page.locator("[data-toast]", has_text="Put off until").wait_for()
