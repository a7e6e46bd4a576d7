"""Reads a /metrics page as Prometheus does."""

from __future__ import annotations

import urllib.request

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One answer. `value` finds one series, `total` adds all whose labels fit."""

    def __init__(self, text: str) -> None:
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        self.names = {sample.name for sample in self.samples}

    def value(self, name: str, **labels: str) -> float:
        """Of the series with exactly these labels; 0 where it is not there yet. No series comes twice."""
        found = [sample.value for sample in self.samples if (sample.name, sample.labels) == (name, labels)]
        assert len(found) < 2, f"{name}{labels} comes {len(found)} times"
        return found[0] if found else 0.0

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )


def scrape(url: str, token: str = "") -> Scrape:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own loopback address
    with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
        return Scrape(answer.read().decode())


def metric_value(metric: MetricWrapperBase) -> float:
    """The value of a counter or gauge in this process, with its labels given."""
    (family,) = metric.collect()
    return next(sample.value for sample in family.samples if not sample.name.endswith("_created"))
