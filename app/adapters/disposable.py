"""E-mail services whose addresses are thrown away after use."""

from disposable_email_domains import blocklist

from app.adapters import normalisers

# An address has room for 127 labels; a sub-domain of a service has few.
_MOST_LABELS = 10


def is_disposable(email: str) -> bool:
    """Whether the address is of such a service, or of a sub-domain of one; never raises."""
    key = normalisers.email(email)
    if key is None:
        return False
    domain = key.rpartition("@")[2]
    if domain in blocklist:
        return True
    # A listed `x.example.com` says nothing of `example.com`, whose other customers are honest.
    registrable = normalisers.web_domain(domain)
    if registrable is None:
        return False
    labels = domain.split(".")[-_MOST_LABELS:]
    parents = (".".join(labels[start:]) for start in range(len(labels)))
    return any(p in blocklist for p in parents if p.endswith(registrable))
