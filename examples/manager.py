#!/usr/bin/env python3
"""A sample application manager in one file, for Python 3.9 or newer and nothing else: copy it and change `decide`.

It answers for the instances of one project while Fenix maintains the hosts below them. Fenix posts its questions to the
address on which it listens, or it asks Fenix by itself (--poll). docs/managers.md of Fenix has the whole conversation.

    . openrc-of-the-project
    python3 examples/manager.py --action LIVE_MIGRATE --declare

Without OS_AUTH_URL it shows no token: then Fenix has to ask for none, or to give links that need none.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import queue
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional, Union

BODY_MAX_BYTES = 65_536  # A notice has a few kilobytes.
REQUEST_TIMEOUT_SECONDS = 10
PATIENCE_SECONDS = 30  # How long to try again while Fenix is being restarted.
POLL_SECONDS = 2
TOKEN_MARGIN_SECONDS = 60  # A token is renewed this long before it ends.
MEMORY = 1_000  # Questions remembered, to recognise one that comes again; a session asks far fewer of one project.


# What the application wants. This is the part to change.


def decide(question: Question, options: argparse.Namespace, fenix: Fenix) -> dict[str, Any]:
    """The body of the reply, without its state: {} for a plain yes. Raise an error to say no, with its text as the reason."""
    if question.state == "SCALE_IN":
        run(options.scale_in, question)
    elif question.state == "MAINTENANCE_COMPLETE":
        run(options.scale_out, question)
    elif question.state in ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
        offered = question.allowed_actions
        action = next((one for one in (options.action, "MIGRATE", "LIVE_MIGRATE") if one in offered), None)
        if action is None:
            raise RuntimeError(f"nothing that this manager can agree to is among {', '.join(offered)}")
        if isinstance(question.instances, list) and len(question.instances) == 1:
            return {"instance_action": action}
        return {"instance_actions": {instance: action for instance in fenix.instances_of(question)}}
    return {}


def run(command: Optional[str], question: Question) -> None:
    """Makes the application smaller or gives it its size back; without a command it stays as it is."""
    if command is None:
        return
    left = (question.reply_at - datetime.now(timezone.utc)).total_seconds() if question.reply_at else None
    more = {"FENIX_SESSION": question.session_id, "FENIX_MISSING": json.dumps(question.missing)}
    subprocess.run(shlex.split(command), env={**os.environ, **more}, timeout=left, check=True)


def constraints(project: str, nova: Nova, options: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """What must hold while instances are moved: one server of a Nova server group at a time. Groups come first."""
    groups = nova.get("/os-server-groups")["server_groups"]
    group_of = {server: group["id"] for group in groups for server in group["members"]}
    declared = [
        (
            f"instance_group/{group['id']}",
            {
                "group_id": group["id"],
                "project_id": project,
                "group_name": group["name"],
                **apart(group),
                "max_impacted_members": 1,
                "recovery_time": options.recovery_seconds,
                "resource_mitigation": True,
            },
        )
        for group in groups
    ]
    for server in nova.get("/servers")["servers"]:
        body = {
            "instance_id": server["id"],
            "project_id": project,
            "group_id": group_of.get(server["id"]),
            "instance_name": server["name"],
            "max_interruption_time": options.interruption_seconds,
            "migration_type": options.action,
            "resource_mitigation": True,
            "lead_time": options.lead_seconds,
        }
        declared.append((f"instance/{server['id']}", body))
    return declared


def apart(group: dict[str, Any]) -> dict[str, Any]:
    """How many members Nova lets onto one host. What it only prefers (soft-anti-affinity) must not hold a host back."""
    if group["policy"] != "anti-affinity":
        return {"anti_affinity_group": False, "max_instances_per_host": 0}
    # The number counts with anti_affinity_group only, so a group of two on a host is one of those too.
    return {"anti_affinity_group": True, "max_instances_per_host": int(group["rules"].get("max_server_per_host", 1))}


# The conversation.


@dataclass(frozen=True)
class Question:
    """What is asked, or told where reply_at is missing: then nobody waits for a reply."""

    key: str  # The same when it comes again.
    session_id: str
    state: str
    instances: Union[str, list[str]]  # The ids, or a URL that lists them.
    allowed_actions: list[str]
    missing: Optional[dict[str, Any]]  # With SCALE_IN: what must become free.
    reply_url: str
    reply_at: Optional[datetime]


def read_callback(body: Any) -> Question:
    """Reads what Fenix or AODH posts; raises an error where the body is no such thing."""
    event = body["reason_data"]["event"]
    if event["event_type"] != "maintenance.scheduled":
        raise ValueError(f"not asked for: {event['event_type']}")
    traits = {name: decoded(value) for name, _, value in event["traits"]}
    return Question(
        key=event["message_id"],
        session_id=traits["session_id"],
        state=traits["state"],
        instances=traits["instance_ids"],
        allowed_actions=traits.get("allowed_actions", []),
        missing=traits.get("missing"),
        reply_url=traits["reply_url"],
        reply_at=utc(traits["reply_at"]) if "reply_at" in traits else None,
    )


def read_open(session: str, one: dict[str, Any]) -> Question:
    """Reads one of the `open_questions` that Fenix lists."""
    return Question(
        key=f"{one['reply_url']} {one['state']} {one['reply_at']}",
        session_id=session,
        state=one["state"],
        instances=one["instance_ids"],
        allowed_actions=one["allowed_actions"],
        missing=one["missing"],
        reply_url=one["reply_url"],
        reply_at=utc(one["reply_at"]),
    )


def decoded(value: Any) -> Any:
    """Lists and dictionaries are Python text. literal_eval reads values alone, and never runs anything."""
    return ast.literal_eval(value) if isinstance(value, str) and value[:1] in ("[", "{") else value


def utc(text: str) -> datetime:
    """Times carry no zone and mean UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


class Manager:
    """Takes questions one after the other: an application that does two things at once is hard to reason about."""

    def __init__(self, options: argparse.Namespace, fenix: Fenix) -> None:
        self.options, self.fenix = options, fenix
        self.waiting: queue.Queue[Optional[Question]] = queue.Queue()
        self.replies: dict[str, dict[str, Any]] = {}

    def work(self) -> None:
        while (question := self.waiting.get()) is not None:
            self.attend(question)

    def attend(self, question: Question) -> None:
        try:
            self.handle(question)
        except Exception as error:  # The next question has to be answered too.
            say(f"trouble with {question.state}: {error}")

    def handle(self, question: Question) -> None:
        if question.reply_at is None:
            return say(f"Fenix says {question.state}")
        again = question.key in self.replies
        say(f"Fenix asks {question.state}{' once more' if again else ''}")
        # What was decided stands: a question comes again when Fenix cannot know that it arrived.
        reply = self.replies[question.key] if again else self.remember(question, self.reply_to(question))
        self.fenix.call("PUT", question.reply_url, reply)
        say(f"replied {reply['state']}")

    def reply_to(self, question: Question) -> dict[str, Any]:
        session = {"session_id": question.session_id}
        try:
            return {**session, "state": f"ACK_{question.state}", **decide(question, self.options, self.fenix)}
        except Exception as error:  # A no with its reason helps the admin more than silence.
            return {**session, "state": f"NACK_{question.state}", "reason": str(error)[:1_000]}

    def remember(self, question: Question, reply: dict[str, Any]) -> dict[str, Any]:
        self.replies[question.key] = reply
        if len(self.replies) > MEMORY:
            del self.replies[next(iter(self.replies))]
        return reply

    def poll(self, project: str, stopping: threading.Event) -> None:
        """For a manager that Fenix cannot call: asks what is open in whichever sessions, until it is stopped."""
        self.fenix.call("PUT", f"projects/{project}/manager", {"polls": True})
        while not stopping.wait(POLL_SECONDS):
            try:
                sessions = self.fenix.call("GET", f"projects/{project}/sessions")["sessions"]
            except Exception as error:
                say(f"trouble with polling: {error}")
                continue
            for session in sessions:
                for one in session["open_questions"]:
                    self.attend(read_open(session["session_id"], one))


# Fenix, OpenStack, and the door.


class Fenix:
    def __init__(self, url: str, token: Callable[[], Optional[str]]) -> None:
        self.url, self.token = url.rstrip("/"), token

    def call(self, method: str, where: str, body: Any = None, patience: float = PATIENCE_SECONDS) -> Any:
        """`where` is a link or what comes after /v1/. Tries again while Fenix is not there or not able."""
        url = where if where.startswith("http") else f"{self.url}/v1/{where}"
        end, pause = time.monotonic() + patience, 0.2
        while True:
            try:
                return request(method, url, body, self.token())[1]
            except Refused as refusal:
                if refusal.status < 500 or time.monotonic() + pause > end:
                    raise
            except OSError:
                if time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 5)

    def instances_of(self, question: Question) -> list[str]:
        if isinstance(question.instances, list):
            return question.instances
        return self.call("GET", question.instances)["instance_ids"]

    def register(self, project: str, url: str) -> str:
        """Asks Fenix to post here, instead of to what an earlier life of this manager asked for."""
        origin = url[: url.index("/", 8) + 1]
        for old in self.call("GET", f"webhooks?project_id={project}")["webhooks"]:
            if old["project_id"] == project and old["url"].startswith(origin):
                self.call("DELETE", f"webhooks/{old['webhook_id']}")
        return self.call("POST", "webhooks", {"project_id": project, "url": url})["webhook_id"]


class Nova:
    """The project's own view of its cloud, by the variables of an openrc file."""

    def __init__(self, env: Any) -> None:
        self.env, self.lock = env, threading.Lock()
        self.log_in()

    def log_in(self) -> None:
        keystone = self.env["OS_AUTH_URL"].rstrip("/").removesuffix("/v3")
        headers, answer = request("POST", f"{keystone}/v3/auth/tokens", self.login())
        token = answer["token"]
        self.value, self.project = headers["x-subject-token"], token["project"]["id"]
        self.ends = datetime.fromisoformat(token["expires_at"].replace("Z", "+00:00")).timestamp()
        region = self.env.get("OS_REGION_NAME")
        self.compute = next(
            endpoint["url"].rstrip("/")
            for service in token["catalog"]
            if service["type"] == "compute"
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public" and region in (None, endpoint["region"])
        )

    def login(self) -> dict[str, Any]:
        env = self.env
        if "OS_APPLICATION_CREDENTIAL_ID" in env:
            credential = {"id": env["OS_APPLICATION_CREDENTIAL_ID"], "secret": env["OS_APPLICATION_CREDENTIAL_SECRET"]}
            identity = {"methods": ["application_credential"], "application_credential": credential}
            return {"auth": {"identity": identity}}
        of_user = {"name": env.get("OS_USER_DOMAIN_NAME", "Default")}
        of_project = {"name": env.get("OS_PROJECT_DOMAIN_NAME", "Default")}
        user = {"name": env["OS_USERNAME"], "password": env["OS_PASSWORD"], "domain": of_user}
        scope = {"project": {"name": env["OS_PROJECT_NAME"], "domain": of_project}}
        return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}

    def token(self) -> str:
        with self.lock:
            if time.time() > self.ends - TOKEN_MARGIN_SECONDS:
                self.log_in()
            return self.value

    def get(self, path: str) -> Any:
        # From 2.64 on a server group has one policy, and its rules.
        return request("GET", self.compute + path, token=self.token(), version="compute 2.64")[1]


class Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def request(method: str, url: str, body: Any = None, token: Optional[str] = None, version: Optional[str] = None) -> Any:
    headers = {"accept": "application/json", "content-type": "application/json"}
    if token is not None:
        headers["x-auth-token"] = token
    if version is not None:
        headers["openstack-api-version"] = version
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=REQUEST_TIMEOUT_SECONDS) as answer:
            return answer.headers, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read(500).decode(errors="replace")
        raise Refused(error.code, f"{method} {url} answered {error.code}: {text}") from error


def door(host: str, port: int, path: str, take: Callable[[Question], None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if self.path != path:
                return self.answer(404, "there is nothing here")
            if length > BODY_MAX_BYTES:
                return self.answer(413, f"a notice has at most {BODY_MAX_BYTES} bytes")
            try:
                question = read_callback(json.loads(self.rfile.read(length)))
            except Exception as error:  # Whatever is wrong with it, it was no notice.
                return self.answer(400, f"no notice: {error}")
            take(question)
            self.answer(200, "taken")

        def answer(self, status: int, message: str) -> None:
            body = json.dumps({"message": message}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass  # The path is a secret.

    return ThreadingHTTPServer((host, port), Handler)


def say(line: str) -> None:
    print(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ} {line}", flush=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A sample application manager for Fenix.")
    parser.add_argument("--fenix", default=os.environ.get("FENIX_URL", "http://127.0.0.1:12347"), help="Fenix's URL")
    parser.add_argument("--project", help="its id; without OS_AUTH_URL it has to be told")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=12348, help="0 takes any free one")
    parser.add_argument("--public-url", help="under which URL Fenix reaches this manager")
    parser.add_argument("--poll", action="store_true", help="ask Fenix again and again instead of listening")
    parser.add_argument("--action", choices=["MIGRATE", "LIVE_MIGRATE"], default="MIGRATE", help="where it is offered")
    parser.add_argument("--scale-in", metavar="COMMAND", help="makes the application smaller; FENIX_MISSING says by what")
    parser.add_argument("--scale-out", metavar="COMMAND", help="gives the application its size back")
    parser.add_argument("--declare", action="store_true", help="declare constraints for the project's servers")
    parser.add_argument("--lead-seconds", type=int, default=40)
    parser.add_argument("--recovery-seconds", type=int, default=60)
    parser.add_argument("--interruption-seconds", type=int, default=120)
    return parser.parse_args()


def main() -> None:
    options = read_options()
    nova = Nova(os.environ) if "OS_AUTH_URL" in os.environ else None
    project = options.project or (nova.project if nova else None)
    if project is None:
        sys.exit("tell --project, or set OS_AUTH_URL and its companions")
    fenix = Fenix(options.fenix, nova.token if nova else lambda: None)
    if options.declare:
        if nova is None:
            sys.exit("--declare asks Nova for the servers: set OS_AUTH_URL and its companions")
        for where, body in constraints(project, nova, options):
            fenix.call("PUT", where, body)

    manager, stopping = Manager(options, fenix), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    worker = threading.Thread(target=manager.work)
    worker.start()
    try:
        if options.poll:
            say(f"answering for project {project}")
            manager.poll(project, stopping)
        else:
            listen(options, project, manager, stopping)
    finally:
        manager.waiting.put(None)
        worker.join()


def listen(options: argparse.Namespace, project: str, manager: Manager, stopping: threading.Event) -> None:
    path = f"/maintenance/{secrets.token_hex(16)}"  # Who does not know it cannot pretend to be Fenix.
    with door(options.host, options.port, path, manager.waiting.put) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = (options.public_url or f"http://{options.host}:{server.server_port}").rstrip("/") + path
        webhook = manager.fenix.register(project, url)
        say(f"answering for project {project}")
        stopping.wait()
        server.shutdown()
        try:
            # Whoever stops does not wait for a Fenix that may be stopping too: the next start takes away what is left.
            manager.fenix.call("DELETE", f"webhooks/{webhook}", patience=0)
        except Exception as error:
            say(f"trouble with unregistering: {error}")


if __name__ == "__main__":
    main()
