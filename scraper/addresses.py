"""Which machines may be asked, and the way to them: names, addresses, connected sockets.

An address in a configuration is a wish that our server fulfils from inside the school's network: an
address bar that others may write to must not open the school's printers, routers, databases, or the
machine's own services (server-side request forgery). So `dial` resolves the name itself, drops every
address that `why_refused` names, and connects to exactly the addresses that are left: no second
resolution happens in which the name could mean another machine (DNS rebinding).

What cannot be seen from here: a network that translates by a prefix of its own (NAT64 other than
64:ff9b::/96), and a public address that the school's firewall leads inside.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from urllib3.util.connection import allowed_gai_family

_V4_REFUSED = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a provider's customers (CGNAT)",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved for documentation",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved for measurements",
    "198.51.100.0/24": "reserved for documentation",
    "203.0.113.0/24": "reserved for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
# Of IPv6 only 2000::/3 is public. What is listed here lies in it, or has a better name than reserved.
_V6_REFUSED = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "64:ff9b:1::/48": "private (translated to IPv4)",
    "2001::/23": "reserved (tunnels, among them Teredo)",
    "2001:db8::/32": "reserved for documentation",
    "3fff::/20": "reserved for documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private (site-local)",
    "ff00::/8": "multicast",
}
_V4 = [(ipaddress.IPv4Network(network), why) for network, why in _V4_REFUSED.items()]
_V6 = [(ipaddress.IPv6Network(network), why) for network, why in _V6_REFUSED.items()]
_V6_PUBLIC = ipaddress.IPv6Network("2000::/3")
# Where an IPv6 address stands for an IPv4 one, and how many bits are behind that one.
_EMBEDDED = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)

_LOOKUPS = threading.BoundedSemaphore(64)
"""Names looked up at once, those included that nobody waits for any more: the system's resolver
cannot be interrupted."""


def why_refused(address: str) -> str:
    """Why a machine may not be asked without `allow_private`.

    Args:
        address: An IPv4 or IPv6 address as the system writes it, possibly with a scope (``fe80::1%eth0``).

    Returns:
        The reason in words, or an empty text for a public address.
    """
    try:
        it = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "no address"
    if isinstance(it, ipaddress.IPv6Address):
        for network, behind in _EMBEDDED:
            if it in network:
                inner = ipaddress.IPv4Address(int(it) >> behind & 0xFFFFFFFF)
                why = why_refused(str(inner))
                return f"{why}, as {inner}" if why else ""
        why = next((why for network, why in _V6 if it in network), "")
        return why or ("" if it in _V6_PUBLIC else "reserved")
    return next((why for network, why in _V4 if it in network), "")


class Refused(Exception):
    """No address of a host may be asked.

    It is no OSError, so that urllib3 neither wraps it nor tries again. Inside this package only:
    `scraper.fetch` turns it into `NotAllowed`.
    """


class Stopped(OSError):
    """Somebody else gave up what was being done."""


class Deadline:
    """When a call has to be over, and what ends it sooner.

    Belongs to the thread that makes the call, but for `stop`, which any thread may call.

    Args:
        seconds: How long the call may take from now on, on the monotonic clock.
    """

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._stopped = False
        self._sockets: list[Any] = []
        self._answers: queue.SimpleQueue[Any] | None = None

    @property
    def stopped(self) -> bool:
        """Whether somebody gave the call up."""
        return self._stopped

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    def left(self, most: float | None = None) -> float:
        """Seconds left, more than none, and no more than ``most``.

        Raises:
            Stopped: Somebody gave the call up.
            TimeoutError: None are left.
        """
        if self._stopped:
            raise Stopped("given up")
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole request took too long")
        return left if most is None else min(left, most)

    def stop(self) -> None:
        """Gives the call up, whatever it waits for. Any thread may call this."""
        with self._lock:
            self._stopped = True
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    # The method of `socket`, not TLS's own, which would pull the session from
                    # under the thread that reads.
                    socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)
            if self._answers is not None:
                self._answers.put(Stopped("given up"))

    @contextlib.contextmanager
    def watching(self, sock: Any) -> Iterator[None]:
        """A ``with`` block in which `stop` breaks this socket.

        Raises:
            Stopped: It is too late, somebody gave the call up.
        """
        with self._lock:
            if self._stopped:
                raise Stopped("given up")
            self._sockets.append(sock)
        try:
            yield
        finally:
            with self._lock:
                self._sockets = [it for it in self._sockets if it is not sock]

    def wait(self, answers: queue.SimpleQueue[Any], most: float) -> Any:
        """The next of the answers that another thread puts there.

        Raises:
            Stopped: Somebody gave the call up.
            TimeoutError: No answer within ``most`` seconds, or within those that are left.
        """
        with self._lock:
            if self._stopped:
                raise Stopped("given up")
            self._answers = answers
        try:
            return answers.get(timeout=self.left(most))
        except queue.Empty:
            raise TimeoutError("no answer in time") from None
        finally:
            with self._lock:
                self._answers = None


def resolve(host: str, port: int, *, deadline: Deadline, seconds: float) -> list[tuple[Any, ...]]:
    """The addresses of a host, by the system's resolver, for no longer than allowed.

    Args:
        host: A name or an address, without brackets.
        port: TCP port.
        deadline: The call's.
        seconds: How long the resolver may take, if the deadline leaves that much.

    Returns:
        What `socket.getaddrinfo` gives for TCP, in its order.

    Raises:
        OSError: The name has no address; as `socket.gaierror` the resolver's own words.
        TimeoutError: The resolver took too long. Its thread ends when the resolver gives up.
        Stopped: Somebody gave the call up.
    """
    if not _LOOKUPS.acquire(blocking=False):
        raise OSError("too many names wait for the resolver")
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM))
        except UnicodeError:
            answers.put(OSError("no name of a host"))
        except Exception as error:  # noqa: BLE001
            answers.put(error)
        finally:
            _LOOKUPS.release()

    try:
        threading.Thread(target=ask, name="resolve", daemon=True).start()
    except RuntimeError:
        _LOOKUPS.release()
        raise OSError("no thread is left to look a name up") from None
    try:
        answer = deadline.wait(answers, seconds)
    except TimeoutError:
        raise TimeoutError("looking the name up took too long") from None
    if isinstance(answer, Exception):
        raise answer
    found: list[tuple[Any, ...]] = answer
    return found


def dial(
    host: str,
    port: int,
    *,
    deadline: Deadline,
    seconds: float,
    allow_private: bool,
    options: Iterable[tuple[int, int, int | bytes]] = (),
) -> socket.socket:
    """Connects to a host, if any of its addresses may be asked.

    Addresses are tried one after another, each for its share of the time; those that are refused are
    passed over.

    Args:
        host: A name or an address, possibly in brackets.
        port: TCP port.
        deadline: The call's; the socket is watched by it while it connects.
        seconds: How long resolving and connecting may take together.
        allow_private: Whether `why_refused` is not asked.
        options: For `socket.socket.setsockopt`.

    Returns:
        A connected socket with the rest of the time as its timeout. The caller closes it.

    Raises:
        Refused: All addresses are refused; nothing was sent to any of them.
        OSError: No address, or no connection.
        TimeoutError: It took too long.
        Stopped: Somebody gave the call up.
    """
    until = time.monotonic() + seconds
    found = resolve(host.strip("[]"), port, deadline=deadline, seconds=seconds)
    why = {str(address[4][0]): why_refused(str(address[4][0])) for address in found}
    allowed = [address for address in found if allow_private or not why[str(address[4][0])]]
    if not allowed:
        if not found:
            raise OSError("the name has no address")
        address, reason = next(iter(why.items()))
        raise Refused(f"{address} is {reason}")
    failure: OSError = TimeoutError("connecting took too long")
    for n, (family, kind, protocol, _, address) in enumerate(allowed):
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("connecting took too long")
        sock = socket.socket(family, kind, protocol)
        try:
            with deadline.watching(sock):
                for option in options:
                    sock.setsockopt(*option)
                sock.settimeout(deadline.left(left / (len(allowed) - n)))
                sock.connect(address)
                sock.settimeout(deadline.left(max(0.001, until - time.monotonic())))
        except OSError as error:
            sock.close()
            if deadline.stopped:
                raise Stopped("given up") from None
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure
