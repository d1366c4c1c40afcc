"""The socket that `serve` listens on, bound before anything else is started."""

import errno
import socket

from app.cli.problems import CannotRun


def bind(host: str, port: int) -> socket.socket:
    """A bound socket; CannotRun when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotRun(f"there is no address for the host {host}: give another --host") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise unusable(host, port, error) from error
    return listener


def unusable(host: str, port: int, error: OSError) -> CannotRun:
    """The one line for an address that is taken, forbidden or not of this machine."""
    if error.errno == errno.EADDRINUSE:
        return CannotRun(
            f"port {port} on {host} is taken: stop what listens there, or serve on another one"
            " with --port (0 takes any that is free)"
        )
    if error.errno == errno.EACCES:
        return CannotRun(f"port {port} is reserved for root: give another one with --port")
    return CannotRun(f"cannot listen on {host}:{port} ({error.strerror}): give another --host")


def url_of(listener: socket.socket) -> str:
    """The URL under which this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - recognised, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
