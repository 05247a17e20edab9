"""What rules ask, kept as SQL: to write a condition out takes Django longer than to run it, and pages ask the same few hundred."""

from collections.abc import Callable, Hashable, Sequence

from django.db.models import Expression, Field
from django.db.models.expressions import RawSQL

from crm.catalogue import Fact
from crm.models import FactsRow
from crm.rules.tree import All, Any, Leaf, Node, Not, leaves

MOST_KEPT = 2_000
_kept: dict[Hashable, RawSQL] = {}


def kept(write: Callable[[], Expression], rules: Sequence[Node], facts: type[FactsRow], *of: Hashable) -> Expression:
    """What `write` gives: an expression over `facts` that depends on these rules and on `of`, and on nothing else.

    As SQL where the rules ask columns of the facts alone; what they ask beyond those needs its joins, and is written anew.
    """
    if any(type(leaf.fact) is not Fact for rule in rules for leaf in leaves(rule)):
        return write()
    key = (facts, *of, *(_spelled(rule) for rule in rules))
    # By one look: another thread may empty it meanwhile.
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        expression = write()
        query = facts.objects.annotate(kept_here=expression).query
        sql, params = query.get_compiler(facts.objects.db).compile(query.annotations["kept_here"])
        output: Field[object, object] = expression.output_field
        found = _kept[key] = RawSQL(sql, params, output)  # noqa: S611 (Django wrote it)
    return found


def _spelled(node: Node) -> Hashable:
    """The same for the same rule: a fact is known by its name."""
    match node:
        case Leaf():
            return node.fact.name, node.op, node.value
        case Not(part):
            return "not", _spelled(part)
        case All(parts):
            return "all", *map(_spelled, parts)
        case Any(parts):
            return "any", *map(_spelled, parts)
