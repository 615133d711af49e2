"""ZeroGPU, the hardware of free Gradio Spaces: it stops an app that reports no function for its GPU.

Every model runs on the CPU. The one function that is reported is never called, so no visitor's share of
the GPU is spent. The package `spaces` is part of every Gradio Space and of nothing else.
"""

from __future__ import annotations

import importlib
import os


def report() -> None:
    """Tell ZeroGPU that the app starts; nothing happens elsewhere.

    Gradio's own `launch` would do so, but the page is served together with REST and MCP.
    """
    if os.environ.get("SPACES_ZERO_GPU") == "true":
        importlib.import_module("spaces").GPU(_never_called)
        importlib.import_module("spaces.zero").startup()


def _never_called() -> None:
    """What the GPU would do."""
