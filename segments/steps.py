"""The steps of the night on this floor."""

from datetime import date

from crm.failpoints import failpoint
from crm.models import Business
from segments import frame, pareto


def classify_pareto(as_of: date) -> int:
    """The Pareto class of every customer, from the facts of this night."""
    facts = frame.read(["revenue_12m", "pareto_class"])
    classes = pareto.classify(facts["revenue_12m"].astype("int64"), Business.load().pareto_share)
    failpoint("night.pareto")
    return frame.write("pareto_class", facts["pareto_class"], classes)
