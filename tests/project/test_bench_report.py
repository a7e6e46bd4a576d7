"""docs/performance.md: made of JSON lines, whichever benchmarks are there."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from bench import report
from bench.bars import Bar, number, svg

MACHINE = json.loads(
    '{"bench": "machine", "date": "2026-01-02", "cores": 2, "memory_gib": 24, "postgresql": "18.4", "redis": "6.2",'
    ' "python": "3.11.7"}'
)
HUB = json.loads('{"bench": "stream", "case": "1,000 streams, hub", "figures": {"us_per_frame": 9.5}, "kept_up": true}')
AGAINST = json.loads(
    '{"bench": "stream", "case": "CPU per frame", "figures": {"hub_us": 9.5}, "baseline": {"nchan_us": 10.0}, "ratio": 0.95,'
    ' "target": "ratio <= 0.8", "met": false}'
)
WRITERS = json.loads(
    '{"bench": "doorbell", "case": "32 writers", "figures": {"quiet": 6500}, "baseline": {"ceiling": 6600}, "ratio": 0.99,'
    ' "target": "ratio >= 0.9", "met": true}'
)


def written(tmp_path: Path, *lines: report.Line) -> str:
    report.write(lines, tmp_path / "performance.md")
    return (tmp_path / "performance.md").read_text()


def test_the_page_names_machine_and_date_and_every_target_with_what_was_measured(tmp_path: Path) -> None:
    page = written(tmp_path, MACHINE, HUB, AGAINST, WRITERS)
    assert "Measured on 2026-01-02 on a machine with 2 cores and 24 GiB of memory" in page
    assert "1 of 2 targets were met." in page
    assert "| doorbell | 32 writers | ratio >= 0.9 | 0.99 | yes |" in page
    assert "| stream | CPU per frame | ratio <= 0.8 | 0.95 | **no** |" in page


def test_benchmarks_that_are_missing_or_new_are_no_trouble(tmp_path: Path) -> None:
    assert "## stream" not in written(tmp_path, MACHINE, WRITERS)
    page = written(tmp_path, MACHINE, {"bench": "newest", "case": "a|b", "figures": {"seconds": 2}})
    assert "## newest" in page
    assert "| a\\|b | 2 |" in page
    assert "## Targets" not in page


def test_what_was_not_measured_is_said_with_its_reason(tmp_path: Path) -> None:
    page = written(tmp_path, MACHINE, {"bench": "stream", "case": "nchan", "note": "not installed: apt-get install …"})
    assert "- nchan: not installed: apt-get install …" in page


def test_charts_are_files_beside_the_page_with_the_baseline_in_grey_and_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / "gone.svg").write_text("<svg/>")
    page = written(tmp_path, MACHINE, WRITERS)
    assert "![doorbell: quiet](performance/doorbell-quiet.svg)" in page
    assert [path.name for path in (tmp_path / "performance").iterdir()] == ["doorbell-quiet.svg"]
    drawn = (tmp_path / "performance" / "doorbell-quiet.svg").read_text()
    assert drawn.count('class="bar"') == drawn.count('class="baseline"') == 1


def test_a_chart_is_well_formed_whatever_its_labels_and_its_longest_bar_is_the_largest_value() -> None:
    root = ElementTree.fromstring(svg('<&">', [Bar("a < b", 10), Bar("none", 0), Bar("half & half", 5)]))  # noqa: S314 - our own
    bars = [rect for rect in root.iter() if rect.get("class") == "bar"]
    widths = [float(bar.get("width", "")) for bar in bars]
    assert widths[0] > widths[2] > widths[1] > 0
    assert widths[2] == widths[0] / 2


def test_numbers_are_written_for_people() -> None:
    assert [number(each) for each in (1234.5, 12, 0.95, 100.4)] == ["1,234", "12", "0.95", "100"]


def test_every_benchmark_of_the_directory_is_found() -> None:
    assert {"doorbell", "catchup", "import_orders", "stream", "storm"} <= set(report.names())
    assert "load_client" not in report.names()
