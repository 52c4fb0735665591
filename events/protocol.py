"""``toctoc protocol``: the gateway's protocol, for those who build on it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import version

import msgspec

from events.asyncapi import ABOUT, document


def main(argv: Sequence[str]) -> int:
    """Print the protocol.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(
        prog="toctoc protocol",
        description="Tell how to talk with the gateway: in words, or as an AsyncAPI 3 document.",
        epilog="example: toctoc protocol --asyncapi > asyncapi.json",
    )
    parser.add_argument("--asyncapi", action="store_true", help="the whole description, as JSON")
    arguments = parser.parse_args(argv)
    if arguments.asyncapi:
        print(msgspec.json.format(msgspec.json.encode(document(version("toctoc")))).decode())
    else:
        print(ABOUT, end="")
    return 0
