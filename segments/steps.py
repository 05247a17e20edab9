"""The steps of the night on this floor."""

from datetime import date

from crm.failpoints import failpoint
from crm.models import Business, Facts, FactsRow
from segments import frame, pareto


def classify_pareto(as_of: date, facts: type[FactsRow] = Facts) -> int:
    """The Pareto class of every customer, from the facts of this night."""
    read = frame.read(["revenue_12m", "pareto_class"], facts)
    classes = pareto.classify(read["revenue_12m"].astype("int64"), Business.load().pareto_share)
    failpoint("night.pareto")
    return frame.write("pareto_class", read["pareto_class"], classes, facts)
