"""What was typed into the builder of rules: the rows, what is missing or wrong in them, and the press of one of its buttons."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any as Anything

from django.utils.translation import gettext as _

from crm.catalogue import askable
from crm.fold import fold
from crm.rules.controls import MOST_LEVELS, Group, Line, Part, Path, first_op, is_there, listed, read, shown
from crm.rules.text import loads
from crm.rules.tree import MOST_DEEP, MOST_LEAVES, InvalidRule, Node, parse

_DO = re.compile(rf"(add|group|out|remove|look)((?:-\d{{1,3}}){{0,{MOST_LEVELS}}})", re.ASCII)
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass
class Typed:
    """What was typed into a builder. `pressed` says that one of its own buttons was, which is carried out already."""

    root: Group
    pressed: bool = False
    was: str = ""
    token: str = ""
    # What the press could not do.
    refusal: str = ""

    @property
    def is_blank(self) -> bool:
        return all(isinstance(part, Line) and part.is_blank for part in self.root.parts)

    @cached_property
    def is_untouched(self) -> bool:
        """Whether the rows say what the rule did that was there before."""
        return self._before is not None and (rows := shown(self._before)) is not None and _same(rows.rule(), self.root.rule())

    @property
    def rule(self) -> Anything:
        """As JSON gives it. One that says the same as the one before stays as that was written."""
        return self._before if self.is_untouched else self.root.rule()

    @cached_property
    def _before(self) -> Anything:
        try:
            return loads(self.was) if self.was else None
        except InvalidRule:
            return None

    def missing(self) -> dict[Path, str]:
        """What is not filled in yet, for each row a sentence."""
        told: dict[Path, str] = {}
        for path, part, _said in self.root.walk():
            if isinstance(part, Group):
                if not part.parts:
                    told[path] = _("This group is empty: add a rule to it, or remove it.")
            elif not part.fact:
                told[path] = _("Choose a fact.")
            elif not part.op:
                told[path] = _("Choose a comparison.")
            elif not part.is_whole:
                told[path] = _("Give a value.") if part.op != "between" else _("Give both values.")
        if not self.root.parts and self.root.kind != "all":
            told[()] = _("Nobody is left: add a rule.")
        return told

    def wrong(self, forbidden: Collection[str] = ()) -> dict[Path, str]:
        """What is wrong, for each row in sentences, and with the whole under the empty path. Nothing where the rule can be asked."""
        told = self.missing()
        try:
            parse(self.rule, forbidden=forbidden)
        except InvalidRule as wrong:
            places = {said: path for path, _part, said in self.root.walk()}
            for where, sentence in wrong.problems:
                fitting = [said for said in places if f"{where}.".startswith(said) or f"{where}[".startswith(said.rstrip(".") + "[")]
                path = places[max(fitting, key=len)] if fitting else ()
                if path not in told or path == ():
                    told[path] = " ".join(part for part in (told.get(path), sentence) if part)
        return told

    def node(self, forbidden: Collection[str] = ()) -> Node | None:
        """The rule, or None where something is missing or wrong."""
        return None if self.wrong(forbidden) else parse(self.rule, forbidden=forbidden)


def _same(one: Anything, other: Anything) -> bool:
    # As text: to Python True is 1, not to people.
    return json.dumps(_plain(one)) == json.dumps(_plain(other))


def _plain(rule: Anything) -> Anything:
    """With each list of values in one order, and every value once: boxes that are ticked know neither."""
    match rule:
        case {"op": "in", "value": [*values], **rest}:
            return {**rest, "value": sorted({json.dumps(value) for value in values})}
        case dict():
            return {key: _plain(part) for key, part in rule.items()}
        case list():
            return [_plain(part) for part in rule]
    return rule


@dataclass
class _Press:
    """One press of a button of the builder, carried out on the rows."""

    root: Group
    refusal: str = field(default="", init=False)

    def do(self, action: str) -> None:
        match = _DO.fullmatch(action)
        if not match:
            return
        path = tuple(int(place) for place in match[2].split("-")[1:])
        part = self.root.at(path)
        if match[1] == "remove":
            self.remove(path)
        elif isinstance(part, Group) and match[1] != "look":
            self.add(part, path, match[1])

    def remove(self, path: Path) -> None:
        above = self.root.at(path[:-1])
        if path and isinstance(above, Group) and path[-1] < len(above.parts):
            del above.parts[path[-1]]

    def add(self, group: Group, path: Path, what: str) -> None:
        # A group inside a rule is one level, and what is in it another.
        if what != "add" and len(path) + 2 >= MOST_DEEP:
            self.refusal = _("A rule is nested at most %(most)d deep.") % {"most": MOST_DEEP}
        elif sum(isinstance(part, Line) for _path, part, _said in self.root.walk()) >= MOST_LEAVES:
            self.refusal = _("A rule has at most %(most)d comparisons.") % {"most": MOST_LEAVES}
        else:
            line = Line(is_new=True)
            added: Part = line if what == "add" else Group("none" if what == "out" else "any", [line])
            group.parts.append(added)

    def find(self, words: str) -> None:
        """A new row with the fact whose name holds the words; the one that begins with them, where there are several."""
        wanted, offered = fold(words), askable().values()
        labels = {fact.name: fold(fact.label) for fact in offered}
        found = [fact for fact in offered if wanted in labels[fact.name]]
        if not found:
            self.refusal = _("There is no fact called “%(name)s”; choose one from the list.") % {"name": words[:60]}
            return
        fact = min(found, key=lambda fact: (labels[fact.name] != wanted, not labels[fact.name].startswith(wanted), len(labels[fact.name])))
        self.add(self.root, (), "add")
        if not self.refusal:
            line = self.root.parts[-1]
            assert isinstance(line, Line)
            line.fact, line.op = fact.name, first_op(fact)


def typed(data: Mapping[str, Anything], name: str) -> Typed | None:
    """What was typed into the builder of the field `name`, its press carried out; None where no builder was posted."""
    action, words = ((listed(data, key) or [""])[-1] if (key := f"{name}-{part}") in data else "" for part in ("do", "find"))
    if not (is_there(data, name) or action):
        return None
    press = _Press(read(data, name))
    if action:
        press.do(action)
    if words.strip() and not action.startswith("remove"):
        press.find(words)
    was, token = ((listed(data, key) or [""])[-1] if (key := f"{name}-{part}") in data else "" for part in ("was", "token"))
    return Typed(press.root, bool(action or words.strip()), was, token if _TOKEN.fullmatch(token) else "", press.refusal)
