"""WEBHOOK_ALLOW: the networks, beside the public ones, that webhooks may reach, and those that no setting allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .env import EnvReader

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EXAMPLE = "10.0.0.0/8,127.0.0.0/8"

# Where clouds serve credentials to each program on a host, as their documents name the addresses. All of link-local is in
# the list, because further services of this kind are there (ECS, EKS, Tencent Cloud, Scaleway).
METADATA: tuple[Network, ...] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "169.254.0.0/16",
        "fe80::/10",
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure, a public address
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google Cloud
        "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
        "fd00:42::42/128",  # Scaleway
        "fd00:a9fe:a9fe::1/128",  # Linode
    )
)


def read_networks(read: EnvReader) -> tuple[Network, ...]:
    """The networks of WEBHOOK_ALLOW, separated by commas; an address is a network of one. Faults are added to `read`."""
    found = []
    for n, text in enumerate(filter(None, map(str.strip, read.text("WEBHOOK_ALLOW").split(","))), 1):
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            read.fault(
                f"WEBHOOK_ALLOW has {text!r} (number {n}), which is not a network{_meant(text)}. Write it like {EXAMPLE}."
            )
            continue
        if is_inside(network, METADATA):
            read.fault(
                f"WEBHOOK_ALLOW has {text!r} (number {n}), where clouds serve credentials to their hosts; webhooks never reach "
                "it. Leave it out."
            )
            continue
        found.append(network)
    return tuple(found)


def is_inside(network: Network, others: Sequence[Network]) -> bool:
    """Whether one of the other networks contains all of `network`."""
    return any(
        network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
        for other in others
    )


def _meant(text: str) -> str:
    """The network that an address with a mask is in: 10.0.0.1/8 is not one."""
    try:
        return f"; its address has bits beyond the mask, and {ipaddress.ip_network(text, strict=False)} is the network"
    except ValueError:
        return ""
