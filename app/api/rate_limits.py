"""What a sender is told of a rate limit: `Retry-After`, `RateLimit-Policy` and `RateLimit`.

The latter two as draft-ietf-httpapi-ratelimit-headers-11 has them: lists of strings with
parameters, `q` requests in `w` seconds of which `r` are left for the next `t` seconds.
"""

from app.domain.access.rate_limits import Verdict, whole_seconds
from app.domain.errors import TooMany


def refusal_headers(error: TooMany) -> dict[str, str]:
    """The headers of a 429."""
    headers = {"Retry-After": str(error.retry_after)}
    if error.policy:
        policy = f'"{error.policy}"'
        headers["RateLimit-Policy"] = f"{policy};q={error.quota};w={error.window}"
        headers["RateLimit"] = f"{policy};r=0;t={error.retry_after}"
    return headers


def verdict_headers(verdict: Verdict) -> dict[str, str]:
    """The headers of a request that passed; none where nothing is limited."""
    limit = verdict.limit
    if limit is None:
        return {}
    policy = f'"{limit.name}"'
    return {
        "RateLimit-Policy": f"{policy};q={limit.quota};w={limit.seconds}",
        "RateLimit": f"{policy};r={verdict.remaining};t={whole_seconds(verdict.reset)}",
    }
