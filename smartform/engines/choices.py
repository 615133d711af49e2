"""The models that a person may choose between: every adapter of the manifest that does a job.

One that did not come with the product is tried out before it is offered.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from smartform.engines import load, models
from smartform.engines.fetching import Bundled
from smartform.engines.models import Artifact
from smartform.errors import SmartFormError
from smartform.service import Service
from smartform.settings import NO_ADAPTER, Settings

log = logging.getLogger(__name__)

REMOTE = "The remote server"
BARE = "The base model without an adapter"


def for_forms(settings: Settings, service: Service) -> dict[str, Service]:
    """What fills forms: name shown → service, that of `settings` first.

    Args:
        service: what runs with `settings`.
    """
    used = settings.adapter or load.FORMS_ADAPTER
    others = {a: replace(settings, adapter=a.id) for a in _others("forms", used)}
    return _offered(settings, service, used, others)


def for_mail(settings: Settings, service: Service) -> dict[str, Service]:
    """The same for what proofreads e-mails: it shares the base with what fills forms."""
    used = settings.email_adapter or load.EMAIL_ADAPTER
    base = load.base_model(settings)
    others = {a: replace(settings, email_adapter=a.id) for a in _others("email", used) if a.base == base}
    return _offered(settings, service, used, others)


def _offered(
    settings: Settings, service: Service, used: str, others: dict[Artifact, Settings]
) -> dict[str, Service]:
    if settings.engine == "remote":
        return {REMOTE: service}
    offered = {shown(used): service}
    offered |= {shown(a.id): load.service(own) for a, own in others.items() if _works(a)}
    if settings.remote_url:
        offered[REMOTE] = load.service(replace(settings, engine="remote"))
    return offered


def _others(job: str, used: str) -> Iterator[Artifact]:
    return (a for a in models.manifest().values() if a.job == job and a.id != used)


def _works(adapter: Artifact) -> bool:
    if any(isinstance(s, Bundled) and s.path.is_relative_to(models.ROOT) for s in adapter.sources):
        return True
    try:
        load.try_adapter(adapter.id)
    except SmartFormError as error:
        log.warning("%s is not offered: %s %s", adapter.id, error, error.hint)
        return False
    return True


def shown(adapter: str) -> str:
    """What people read of an adapter: its title and its card's figures.

    Args:
        adapter: a name of the manifest, a file, or `NO_ADAPTER`.
    """
    known = models.manifest().get(adapter)
    if known:
        return " · ".join(filter(None, (known.title, known.figures)))
    return BARE if adapter == NO_ADAPTER else Path(adapter).stem
