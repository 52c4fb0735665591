"""What a test needs of the machine: without it the test is skipped, in CI it fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., object])


def needs(found: bool, what: str, *, remedy: str) -> Callable[[F], F]:  # noqa: FBT001
    """Mark a test that needs something.

    Args:
        found: Whether it is there.
        what: What it is.
        remedy: How to get it.
    """
    missing = f"{what} is missing: {remedy}"
    if not found and os.environ.get("TOCTOC_NO_SKIP"):
        # Run, and found missing: a skip would look like success.
        def fail(_test: F) -> F:
            def test() -> None:
                pytest.fail(missing)

            test.__name__ = _test.__name__
            return test  # type: ignore[return-value]

        return fail
    return pytest.mark.skipif(not found, reason=missing)
