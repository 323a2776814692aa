"""Which IP addresses are on the public internet: pure, and of our own list.

By IANA's registries of special-purpose addresses, https://www.iana.org/assignments/iana-ipv4-special-registry
and https://www.iana.org/assignments/iana-ipv6-special-registry. Python's `is_global` differs from release to
release, and does not know the addresses that clouds keep for themselves.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_KINDS = {
    "unspecified": "0.0.0.0/8",
    "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
    "of a carrier's NAT": "100.64.0.0/10",
    "loopback": "127.0.0.0/8",
    "link-local": "169.254.0.0/16",
    "a cloud's own": "168.63.129.16/32",
    "reserved": "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "240.0.0.0/4 2001::/23 2001:db8::/32 2002::/16 3fff::/20",
    "multicast": "224.0.0.0/4 ff00::/8",
}
_REFUSED = tuple((ip_network(text), kind) for kind, texts in _KINDS.items() for text in texts.split())
_IPV6_INTERNET = IPv6Network("2000::/3")


def trouble_with(address: str) -> str | None:
    """What kind of internal address this is, in a few words; None: a public one.

    IPv6 addresses that carry an IPv4 one (mapped, NAT64, 6to4, Teredo) are refused whatever they carry.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "no IP address"
    for network, kind in _REFUSED:
        if _lies_in(parsed, network):
            return kind
    if parsed.version == 6 and parsed not in _IPV6_INTERNET:
        return _kind_of_ipv6(parsed)
    return None


def _lies_in(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network


def _kind_of_ipv6(address: IPv6Address) -> str:
    if address.ipv4_mapped is not None:
        return "an IPv4 address in disguise"
    if address.is_loopback:
        return "loopback"
    return "link-local" if address.is_link_local else "not of the public internet"
