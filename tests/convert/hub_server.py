"""The part of the Hugging Face Hub's API that pushing and fetching use, kept in memory.

Repositories, LFS uploads with their checks, commits, Space variables and restarts, and the
download of a file at a revision. It answers what the real client asks, and refuses what the Hub
would refuse: a wrong token, an unknown repository, a card without metadata, an object whose
bytes are not what its id says, a commit of an object that was never uploaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import yaml

TOKEN = "hf_test_token"


@dataclass
class Repository:
    """One repository: its commits, each a picture of all files, in order."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    restarts: int = 0

    @property
    def head(self) -> str:
        """The last commit."""
        return list(self.commits)[-1] if self.commits else "0" * 40

    def files(self, revision: str) -> dict[str, bytes] | None:
        """The files at a commit or at 'main'."""
        return self.commits.get(self.head if revision == "main" else revision)


@dataclass
class Hub:
    """The Hub's state: repositories by (kind, name), and uploaded objects by sha256."""

    url: str = ""
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)


class Refusal(Exception):
    """What the Hub answers instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def serving() -> Iterator[Hub]:
    """A Hub on a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_NAME = r"(?P<name>[\w.-]+/[\w.-]+)"
_KIND = r"(?P<kind>model|space)s"


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    ROUTES = (
        ("POST", r"/api/repos/create", "create"),
        ("POST", r"/api/validate-yaml", "validate"),
        ("POST", rf"/api/{_KIND}/{_NAME}/preupload/main", "preupload"),
        ("POST", rf"/{_NAME}\.git/info/lfs/objects/batch", "batch"),
        ("PUT", r"/objects/(?P<oid>[0-9a-f]{64})", "store"),
        ("POST", r"/objects/(?P<oid>[0-9a-f]{64})/verify", "check"),
        ("POST", rf"/api/{_KIND}/{_NAME}/commit/main", "commit"),
        ("POST", rf"/api/spaces/{_NAME}/variables", "variable"),
        ("POST", rf"/api/spaces/{_NAME}/restart", "restart"),
        ("HEAD", rf"/{_NAME}/resolve/(?P<revision>\w+)/(?P<path>.+)", "resolve"),
        ("GET", rf"/{_NAME}/resolve/(?P<revision>\w+)/(?P<path>.+)", "resolve"),
    )

    def do_POST(self) -> None:
        self._answer()

    do_PUT = do_GET = do_HEAD = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests print enough."""

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        try:
            for method, pattern, name in self.ROUTES:
                match = re.fullmatch(pattern, path)
                if match and method == self.command:
                    return getattr(self, f"_{name}")(**match.groupdict())
            raise Refusal(404, f"{self.command} {path}")
        except Refusal as refusal:
            headers = {"X-Error-Message": str(refusal)}
            return self._send(json.dumps({"error": str(refusal)}).encode(), refusal.status, headers)

    def _send(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _json(self, answer: Any, status: int = 200) -> None:
        self._send(json.dumps(answer).encode(), status, {"Content-Type": "application/json"})

    def _need_token(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Invalid username or password.")

    def _repository(self, kind: str, name: str) -> Repository:
        self._need_token()
        try:
            return self.hub.repositories[kind, name]
        except KeyError:
            raise Refusal(404, "Repository not found") from None

    def _create(self) -> None:
        self._need_token()
        asked = json.loads(self.body)
        if asked["organization"] == "somebody-else":
            raise Refusal(403, "You don't have the rights to create a model under that namespace")
        name = f"{asked['organization']}/{asked['name']}"
        key = asked.get("type") or "model", name
        if key in self.hub.repositories:
            raise Refusal(409, "You already created this model repo")
        self.hub.repositories[key] = Repository(private=asked.get("visibility") == "private")
        self._json({"url": f"{self.hub.url}/{name}"})

    def _validate(self) -> None:
        content = json.loads(self.body)["content"]
        _, front, text = content.split("---\n", 2)
        about = yaml.safe_load(front)
        wrong = [name for name in ("license", "tags") if not about.get(name)]
        self._json(
            {"errors": [{"message": f"no {name}"} for name in wrong], "warnings": []}, 400 if wrong else 200
        )
        assert text

    def _preupload(self, kind: str, name: str) -> None:
        self._repository(kind, name)
        files = json.loads(self.body)["files"]
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".gguf") else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        self._json({"files": modes})

    def _batch(self, name: str) -> None:
        self._repository("model", name)
        objects = json.loads(self.body)["objects"]
        self._json({"transfer": "basic", "objects": [self._upload_of(one) for one in objects]})

    def _upload_of(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["oid"] in self.hub.objects:
            return wanted
        address = f"{self.hub.url}/objects/{wanted['oid']}"
        return wanted | {"actions": {"upload": {"href": address}, "verify": {"href": f"{address}/verify"}}}

    def _store(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise Refusal(400, "The bytes are not what the object's id says")
        self.hub.objects[oid] = self.body
        self._send(b"")

    def _check(self, oid: str) -> None:
        if oid not in self.hub.objects:
            raise Refusal(404, "No such object")
        self._json({})

    def _commit(self, kind: str, name: str) -> None:
        repository = self._repository(kind, name)
        files = dict(repository.commits.get(repository.head, {}))
        for line in self.body.decode().splitlines():
            key, value = (record := json.loads(line))["key"], record["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise Refusal(400, "The object was never uploaded")
                files[value["path"]] = self.hub.objects[value["oid"]]
        oid = hashlib.sha1(f"{repository.head} {self.body.decode()}".encode()).hexdigest()
        repository.commits[oid] = files
        self._json({"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid})

    def _variable(self, name: str) -> None:
        asked = json.loads(self.body)
        variables = self._repository("space", name).variables
        variables[asked["key"]] = asked["value"]
        self._json({key: {"value": value} for key, value in variables.items()})

    def _restart(self, name: str) -> None:
        self._repository("space", name).restarts += 1
        self._json({"stage": "RUNNING_BUILDING", "hardware": {"current": "cpu-basic"}})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repository = self.hub.repositories.get(("model", name))
        files = repository.files(revision) if repository else None
        if repository is None or files is None or path not in files:
            raise Refusal(404, "Entry not found")
        commit = repository.head if revision == "main" else revision
        etag = f'"{hashlib.sha256(files[path]).hexdigest()}"'
        self._send(files[path], headers={"X-Repo-Commit": commit, "ETag": etag})
