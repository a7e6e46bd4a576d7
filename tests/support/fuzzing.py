"""How parsers are fuzzed: the same examples in every run, no deadline, and texts that parsers are known to fail at."""

from __future__ import annotations

from datetime import timedelta, timezone

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

fuzzed = settings(
    max_examples=300,
    deadline=None,  # a busy machine is no fault
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NASTY = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "²",
        "١٢",
        "-0",
        "+1",
        "1_0",
        "1e999999",
        "1,1E-5000",
        "1,1E999999",
        "1.1E-5000",
        "NaN",
        "Infinity",
        "9" * 5_000,
        "0." + "9" * 5_000,
        "[" * 5_000,
        '{"a":' * 3_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "\u202e",
        "\n\n",
        "%00",
        "%ff",
        "%",
        "::1",
        "[",
        "a" * 10_000,
    ]
)
NUMBERS = st.text(st.sampled_from("0123456789.,-+eE€$ \u00a0\u202f'_%EUR²١"), max_size=20)
# Moments with any offset, as ISO 8601.
MOMENTS = st.datetimes(timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)).map(
    lambda moment: moment.isoformat()
)
TEXTS = NASTY | NUMBERS | st.text(max_size=60)
BYTES = st.binary(max_size=200) | TEXTS.map(lambda text: text.encode("utf-8", "replace"))
