"""An adapter → a repository of the Hugging Face Hub, and the entry that makes the app load it.

    python -m convert.push_to_hub --repo owner/name --adapter models/forms.gguf --card models/forms.md
    python -m convert.push_to_hub --repo owner/name --adapter models/forms.gguf --card models/forms.md \\
        --dry-run
    python -m convert.push_to_hub --repo owner/name --adapter models/forms.gguf --card models/forms.md \\
        --restart-space owner/space

The repository is created where it does not exist, the card becomes its README.md, and the entry
that is printed pins the commit and the file's sha256. Saved as a TOML file (`--entry`), it is what
SMARTFORM_MODELS names. `--restart-space` puts it into a Space, sets the Space's SMARTFORM_MODELS
and SMARTFORM_ADAPTER (SMARTFORM_EMAIL_ADAPTER for mails, SMARTFORM_RESUME_ADAPTER for resumes,
SMARTFORM_PAGES_ADAPTER for first pages), and restarts it.

Environment: HF_TOKEN (a token that may write), HF_ENDPOINT (another Hub).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import yaml
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

from smartform.engines import models
from smartform.engines.figures import figures
from smartform.engines.load import BASE_MODEL, VARIABLES
from smartform.engines.models import Artifact
from smartform.errors import SmartFormError

ENTRY_FILE = "pushed.toml"
"""Where a Space keeps the entry of its adapter."""

_HUB_LICENCES = {"LicenseRef-Gemma": "gemma"}
"""What the Hub calls licences that its list names otherwise than SPDX."""

_REMEDIES = {
    401: "Set HF_TOKEN to a token that may write: https://huggingface.co/settings/tokens.",
    403: "HF_TOKEN may not write there: check its permissions and the owner's name.",
    404: "Check the name, and that HF_TOKEN may see it.",
}


class PushError(SmartFormError):
    """The files cannot be pushed as they are, or the Hub refused them."""


def main(argv: Sequence[str] | None = None) -> None:
    arguments = _parser().parse_args(argv)
    try:
        run(arguments, os.environ)
    except SmartFormError as problem:
        sys.exit(f"{problem} {problem.hint}".strip())


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> None:
    """Do what the command line asks for.

    Raises:
        PushError: no token, files that are not what they should be, or a refusal of the Hub.
        WeightsError: the manifest has no such base.
    """
    base = models.named(arguments.base)
    files = {arguments.adapter.name: adapter_bytes(arguments.adapter)}
    files["README.md"] = read_card(arguments.card, base, arguments.base_model)
    said = figures(arguments.card.read_text(encoding="utf-8"))
    identity = arguments.id or arguments.adapter.stem
    title = arguments.title or f"{arguments.adapter.stem} adapter of {arguments.repo}"
    if arguments.dry_run:
        for name, content in files.items():
            print(f"would push {name}, {len(content):,} bytes, to {arguments.repo}")
        print("\n" + files["README.md"].decode())
        print(entry(identity, title, base, arguments.adapter, arguments.repo, "main", said))
        return
    token = environment.get("HF_TOKEN", "").strip()
    if not token:
        raise PushError("HF_TOKEN is not set.", _REMEDIES[401])
    api = HfApi(token=token)
    revision = push(api, arguments.repo, files, private=arguments.private)
    print(f"pushed to {api.endpoint}/{arguments.repo} at revision {revision}\n", file=sys.stderr)
    table = entry(identity, title, base, arguments.adapter, arguments.repo, revision, said)
    print(table)
    if arguments.entry:
        arguments.entry.write_text(table, encoding="utf-8")
    if arguments.restart_space:
        restart(api, arguments.restart_space, identity, table, VARIABLES.get(job(arguments.adapter), ""))
        print(f"{arguments.restart_space} restarts with '{identity}'", file=sys.stderr)


def adapter_bytes(path: Path) -> bytes:
    """The content of a GGUF adapter.

    Raises:
        PushError: there is no such file, or it is no adapter.
    """
    try:
        field = gguf.GGUFReader(path).get_field("general.type")
    except (OSError, ValueError) as error:
        raise PushError(f"{path} is no GGUF file: {error}.", "Make it with convert.to_gguf.") from error
    if field is None or field.contents() != gguf.GGUFType.ADAPTER:
        raise PushError(f"{path} is a model, not an adapter.", "Make one with convert.to_gguf.")
    return path.read_bytes()


def read_card(path: Path, base: Artifact, base_model: str | None) -> bytes:
    """A Markdown card with the metadata that the Hub reads put before it.

    Args:
        base: what the adapter is for; it decides the licence.
        base_model: the base's name on the Hub, where it has one.

    Raises:
        PushError: there is no such card, or it already begins with metadata.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PushError(
            f"The card {path} cannot be read: {error.strerror}.", "Write one with training.card."
        ) from error
    if text.startswith("---"):
        raise PushError(f"{path} begins with metadata.", "Leave it out: it is written from the manifest.")
    about: dict[str, Any] = {"license": _HUB_LICENCES.get(base.licence, base.licence.lower())}
    if base_model:
        about |= {"base_model": base_model, "base_model_relation": "adapter"}
    about["tags"] = ["gguf", "lora", "smart-form"]
    return f"---\n{yaml.safe_dump(about, sort_keys=False)}---\n{text}".encode()


def entry(
    identity: str, title: str, base: Artifact, adapter: Path, repo: str, revision: str, said: str
) -> str:
    """The table of `smartform/engines/models.toml` that names the pushed file.

    Args:
        said: how well the adapter does its job, in one line, for the screen.
    """
    content = adapter.read_bytes()

    def table(name: str, members: Mapping[str, str | int]) -> str:
        # A JSON string or number is a TOML one, too.
        lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in members.items())
        return "\n".join((name, *lines))

    name = json.dumps(identity, ensure_ascii=False)
    about = {"task": "adapter", "title": title, "licence": base.licence, "licence_url": base.licence_url}
    about |= {"job": job(adapter), "figures": said}
    file = {"name": adapter.name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    source = {"kind": "hub", "repo": repo, "revision": revision}
    tables = (
        table(f"[{name}]", about | {"base": base.id}),
        table(f"[[{name}.files]]", file),
        table(f"[[{name}.sources]]", source),
    )
    return "\n\n".join(tables) + "\n"


def job(adapter: Path) -> str:
    """What a GGUF adapter was made for: a `Task` or another name; empty where it does not say."""
    field = gguf.GGUFReader(adapter).get_field(gguf.Keys.Adapter.LORA_TASK_NAME)
    return str(field.contents()) if field else ""


def push(api: HfApi, repo: str, files: Mapping[str, bytes], *, private: bool = False) -> str:
    """Create `repo` where it does not exist and commit `files` to it.

    Returns:
        The commit.

    Raises:
        PushError: the Hub refused, or cannot be reached.
    """
    with _translating(repo):
        api.create_repo(repo, private=private, exist_ok=True)
        return _commit(api, repo, "model", files, "Adapter and card")


def restart(api: HfApi, space: str, identity: str, table: str, variable: str) -> None:
    """Make a Space use the adapter `identity`, whose manifest entry is `table`, and restart it.

    Args:
        variable: the setting that names the adapter; empty where the app has no job for it.

    Raises:
        PushError: the Hub refused, or cannot be reached.
    """
    with _translating(space):
        _commit(api, space, "space", {ENTRY_FILE: table.encode()}, f"Adapter {identity}")
        api.add_space_variable(space, "SMARTFORM_MODELS", ENTRY_FILE)
        if variable:
            api.add_space_variable(space, variable, identity)
        api.restart_space(space)


def _commit(api: HfApi, repo: str, kind: str, files: Mapping[str, bytes], message: str) -> str:
    additions = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in files.items()
    ]
    return str(api.create_commit(repo, additions, commit_message=message, repo_type=kind).oid)


@contextmanager
def _translating(repo: str) -> Iterator[None]:
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise PushError(
            f"The Hub refused '{repo}': {error.server_message or status}.",
            _REMEDIES.get(status, "Try again later; what is there already is not sent again."),
        ) from error
    except HFValidationError as error:
        raise PushError(f"'{repo}' is no name of a repository: {error}", "Write it as owner/name.") from error
    except (HTTPError, OSError, RuntimeError) as error:
        raise PushError(
            f"The Hub cannot be reached: {error}.", "Check the network and HF_ENDPOINT, then try again."
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Push a GGUF adapter and its card to the Hugging Face Hub.")
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME")
    parser.add_argument("--adapter", type=Path, required=True, help="GGUF file that convert.to_gguf wrote")
    parser.add_argument("--card", type=Path, required=True, help="Markdown file that training.card wrote")
    parser.add_argument("--id", help="name in the manifest; that of the adapter's file where not given")
    parser.add_argument("--title", help="what people call it")
    parser.add_argument("--base", default=BASE_MODEL, help="manifest id of the base (%(default)s)")
    parser.add_argument("--base-model", metavar="OWNER/NAME", help="the base's name on the Hub, for the card")
    parser.add_argument("--entry", type=Path, metavar="FILE", help="write the manifest entry there, too")
    parser.add_argument("--private", action="store_true", help="create a repository that only you see")
    parser.add_argument("--restart-space", metavar="OWNER/SPACE", help="make this Space use the adapter")
    parser.add_argument("--dry-run", action="store_true", help="show what would be pushed; needs no token")
    return parser


if __name__ == "__main__":
    main()
