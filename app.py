"""The app: settings from the environment → engines → page → server.

python app.py        serves the page, REST under /api/v1 and MCP under /gradio_api/mcp on PORT (7860)
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import fastapi
import uvicorn

from smartform.engines import choices
from smartform.engines.load import service as load_service
from smartform.errors import SmartFormError
from smartform.mail_prompts import RULES
from smartform.rest import build_router
from smartform.service import Service
from smartform.settings import Settings
from smartform.sources import example, presets
from smartform.tools import make_tools
from ui.email_tab import MailDesk
from ui.form_tab import Desk, Preset
from ui.layout import build_app, serve_on
from ui.resume_tab import ResumeDesk
from ui.zerogpu import report

FIRST_PRESET = "hotel_booking"

EXAMPLE_MAIL = Path(__file__).parent / "ui" / "static" / "example_mail.txt"
EXAMPLE_RESUME = EXAMPLE_MAIL.with_name("example_resume.txt")

STOP_SECONDS = 3
"""How long a stop waits for open connections: a page left open holds one for good."""


def build(
    service: Service,
    mail: MailDesk | None = None,
    *,
    fillers: Mapping[str, Service] | None = None,
    local: bool = True,
) -> fastapi.FastAPI:
    """The page, REST and MCP around `service`, as one application.

    Args:
        mail: what the e-mail tab works with; None leaves the tab out.
        fillers: name shown → what fills the screen's forms with that model; None for `service` alone.
        local: False where texts are sent to a model on another machine.
    """
    known = {name: Preset(form, example(name)) for name, form in presets().items()}
    server = fastapi.FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    server.include_router(build_router(service))
    desk = Desk(service, known, FIRST_PRESET, fillers or {"Smart Form": service})
    resume = ResumeDesk(service, EXAMPLE_RESUME.read_text(encoding="utf-8").rstrip())
    return serve_on(server, build_app(desk, make_tools(service), mail=mail, resume=resume, local=local))


def mail_desk(settings: Settings, service: Service) -> MailDesk:
    """What the e-mail tab works with."""
    draft = EXAMPLE_MAIL.read_text(encoding="utf-8").rstrip()
    return MailDesk(service, service, choices.for_mail(settings, service), RULES, draft)


def main() -> None:
    """Serve until stopped; models load once the page is there."""
    settings = Settings.from_environment()
    service = load_service(settings)
    config = uvicorn.Config(
        build(
            service,
            mail_desk(settings, service),
            fillers=choices.for_forms(settings, service),
            local=settings.engine == "local",
        ),
        host="0.0.0.0",
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_warm, args=(service, server), daemon=True).start()
    report()
    server.run()


def _warm(service: Service, server: uvicorn.Server) -> None:
    while not server.started:
        time.sleep(0.1)
    try:
        service.warm(mail=True)
    except SmartFormError as error:
        # Not fatal: the first job tries again and tells the person.
        logging.getLogger("smartform").error("%s %s", error, error.hint)


if __name__ == "__main__":
    main()
