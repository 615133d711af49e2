"""How the app looks: one calm theme, system fonts, light and dark."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, sizes

from ui.strings import TABLE

STYLES = [Path(__file__).parent / "static" / name for name in ("app.css", "email.css", "resume.css")]

_TEXTS = json.dumps(TABLE, ensure_ascii=False).replace("</", "<\\/")
HEAD = (Path(__file__).parent / "static" / "head.html").read_text(
    "utf-8"
) + f"<script>window.smartformTexts = {_TEXTS};</script>\n"
"""Sets the page's language, description and texts before anything is drawn."""

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")

_INK = colors.Color(
    name="ink",
    c50="#f6f7f7",
    c100="#eceeef",
    c200="#dde1e3",
    c300="#c3cacd",
    c400="#8f9a9f",
    c500="#667278",
    c600="#4c575d",
    c700="#374147",
    c800="#22292d",
    c900="#181d20",
    c950="#101416",
)
_PINE = colors.Color(
    name="pine",
    c50="#effaf7",
    c100="#d7f2ea",
    c200="#b0e4d6",
    c300="#7ecfbc",
    c400="#4bb39e",
    c500="#2b9683",
    c600="#1c7a6b",
    c700="#176257",
    c800="#154e47",
    c900="#13403b",
    c950="#082624",
)


def theme() -> gr.themes.Base:
    """The theme of the whole app."""
    return gr.themes.Base(
        primary_hue=_PINE,
        secondary_hue=_PINE,
        neutral_hue=_INK,
        font=_SANS,
        font_mono=_MONO,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_700",
        block_border_width="1px",
        block_shadow="none",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_title_text_weight="600",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_400",
        input_border_color_dark="*neutral_500",
        input_border_width="1px",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_primary_border_color="transparent",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_border_width="1px",
        button_large_text_weight="600",
        button_medium_text_weight="500",
        button_large_text_size="*text_md",
        button_large_padding="10px 16px",
        button_transition="background-color 0.15s ease",
    )
