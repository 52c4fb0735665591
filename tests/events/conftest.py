"""Failures inside the shared suite tell their values, too."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.events.log_contract", "tests.events.builders")
