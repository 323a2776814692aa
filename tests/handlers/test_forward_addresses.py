"""Which addresses the forward handler may connect to."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.forward.addresses import trouble_with


@pytest.mark.parametrize(
    "address",
    "1.1.1.1 93.184.215.14 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 223.255.255.255 "
    "2606:4700::1111 2a00:1450:4001:831::200e 2001:4860:4860::8888".split(),
)
def test_addresses_of_the_public_internet_are_taken(address: str) -> None:
    assert trouble_with(address) is None


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.5", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "of a carrier's NAT"),
        ("100.100.100.200", "of a carrier's NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("168.63.129.16", "a cloud's own"),
        ("192.0.0.192", "reserved"),
        ("192.0.2.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("203.0.113.9", "reserved"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("224.0.0.1", "multicast"),
        ("239.1.2.3", "multicast"),
        ("::", "not of the public internet"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "an IPv4 address in disguise"),
        ("::ffff:1.1.1.1", "an IPv4 address in disguise"),
        ("::127.0.0.1", "not of the public internet"),
        ("64:ff9b::7f00:1", "not of the public internet"),
        ("64:ff9b:1::a00:1", "not of the public internet"),
        ("2002:7f00:1::", "reserved"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "reserved"),
        ("2001:db8::1", "reserved"),
        ("fd00:ec2::254", "not of the public internet"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "not of the public internet"),
        ("ff02::1", "multicast"),
        ("hooks.example.com", "no IP address"),
        ("", "no IP address"),
    ],
)
def test_all_others_are_refused_and_the_reason_is_named(address: str, kind: str) -> None:
    assert trouble_with(address) == kind


@given(st.ip_addresses().map(str))
def test_nothing_is_taken_that_python_calls_internal(address: str) -> None:
    parsed = ip_address(address)
    internal = parsed.is_private or parsed.is_loopback or parsed.is_link_local or parsed.is_multicast
    assert not (internal and trouble_with(address) is None)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_does_not_pass_within_an_ipv6_address(address: object) -> None:
    for prefix in ("::ffff:", "::", "64:ff9b::"):
        assert trouble_with(str(IPv6Address(f"{prefix}{address}"))) is not None
