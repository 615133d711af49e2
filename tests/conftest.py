"""What holds for every test."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Tests that run side by side share the cores: threads that wait for each other there only spin.
    os.environ.setdefault("SMARTFORM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
