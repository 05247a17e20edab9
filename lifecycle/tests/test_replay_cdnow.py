"""The history of CDNOW against data cut at each day."""

import csv
from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

from crm.tests.installation import Installation
from lifecycle.tests.test_cdnow import expected, stages

pytestmark = pytest.mark.slow


def test_cdnow_at_twelve_month_ends_and_on_twelve_other_days_is_what_data_cut_there_gives(installation, shared, tmp_path):
    shop, path = Installation(installation), tmp_path / "cdnow.csv"
    lines = (line.split() for line in (shared / "cdnow" / "CDNOW_master.txt").read_text().splitlines())
    rows = [line for line in lines if line]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert shop.manage("import_orders", path).returncode == 0
    assert shop.manage("nightly", "--as-of", "1998-06-30").returncode == 0
    ended = shop.manage("replay", "--json")
    assert ended.returncode == 0, ended.stderr
    month_ends = [(date(1997, 1, 1) + timedelta(days=31 * number)).replace(day=1) - timedelta(days=1) for number in range(1, 13)]
    others = Random(5).sample([date(1997, 1, 2) + timedelta(days=number) for number in range(450)], 12)

    for day in [*month_ends, *(other for other in others if other not in month_ends)]:
        cut = [row for row in rows[1:] if row[1] <= f"{day:%Y%m%d}"]
        done = shop.manage("stages", tmp_path / "stages.csv", "--as-of", day)
        assert done.returncode == 0, done.stderr
        told = pd.read_csv(tmp_path / "stages.csv", dtype=str, keep_default_na=False).set_index("external_id")
        assert told["stage"].to_dict() == stages(expected([rows[0], *cut], day), day).to_dict(), day
        assert (told["since"] != "").all() or day not in month_ends
        assert (told["since"] <= day.isoformat()).all()
