"""Mail addresses: one spelling of each, and which are thrown away after use."""

from __future__ import annotations

from disposable_email_domains import blocklist


def plain_mail(address: str) -> str:
    """Return one spelling of an address: lower case, without a +tag, dots in Gmail ignored."""
    name, _, host = address.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if host in {"gmail.com", "googlemail.com"}:
        name, host = name.replace(".", ""), "gmail.com"
    return f"{name}@{host}"


def is_disposable(address: str) -> bool:
    """Say whether anybody can read this mailbox for an hour and leave it.

    Services that forward to a mailbox of one's own (relays, aliases) are not on the list.
    """
    host = address.strip().lower().rpartition("@")[2]
    labels = host.split(".")
    return any(".".join(labels[n:]) in blocklist for n in range(len(labels) - 1))
