"""The app's page: header, tabs, and how it is served."""

from __future__ import annotations

from typing import Any

import fastapi
import gradio as gr

from ui import theme
from ui.email_tab import MailDesk, email_tab
from ui.form_tab import Desk, form_tab
from ui.jobs import CORES
from ui.resume_tab import ResumeDesk, resume_tab
from ui.strings import i18n

CACHE_SECONDS = (600, 600)
"""How often the upload cache is looked through, and how old a file in it may get."""

MAX_UPLOAD = "100mb"


def build_app(
    desk: Desk,
    tools: tuple[Any, ...] = (),
    *,
    mail: MailDesk | None = None,
    resume: ResumeDesk | None = None,
    local: bool = True,
) -> gr.Blocks:
    """The page with all its tabs.

    Args:
        desk: what the form tab works with.
        tools: functions offered to API and MCP clients; nothing else of the page is.
        mail, resume: what the tabs of e-mails and resumes work with; None leaves the tab out.
        local: False where texts are sent to a model on another machine.
    """
    with gr.Blocks(
        title="Smart Form", analytics_enabled=False, delete_cache=CACHE_SECONDS, fill_width=False
    ) as app:
        with gr.Column(elem_classes=["sf-header"]):
            gr.HTML(
                "<h1>Smart Form</h1>",
                apply_default_css=False,
                js_on_load=None,
                elem_classes=["sf-brand"],
            )
            gr.Markdown(i18n("tagline"), elem_classes=["sf-tagline"])
        with gr.Tabs(elem_classes=["sf-tabs"]):
            with gr.Tab(i18n("tab_form"), id="form"):
                form_tab(app, desk)
            if mail:
                with gr.Tab(i18n("tab_email"), id="email"):
                    email_tab(mail)
            if resume:
                with gr.Tab(i18n("tab_resume"), id="resume"):
                    resume_tab(app, resume)
        gr.Markdown(i18n("privacy" if local else "privacy_remote"), elem_classes=["sf-privacy"])
        for tool in tools:
            gr.api(tool, concurrency_id=CORES, concurrency_limit=1)
    app.queue(max_size=64)
    return app


def serve_on(server: fastapi.FastAPI, app: gr.Blocks) -> fastapi.FastAPI:
    """Mount the page at the root of `server`, with MCP beside it."""
    return gr.mount_gradio_app(
        server,
        app,
        path="/",
        theme=theme.theme(),
        css_paths=theme.STYLES,
        head=theme.HEAD,
        i18n=i18n,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=MAX_UPLOAD,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=True,
    )
