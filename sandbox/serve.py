"""``python -m sandbox serve``: core, identity provider and gateway, kept running, with a curl to paste."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from gateway.settings import unknown_variables
from sandbox.background import ROOT, StackError
from sandbox.core.seed import FIRST_ACTION, identifier
from sandbox.identity.realm import CLIENTS, REALM
from sandbox.stack import PREFIX, Stack, add_core_option

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_SECONDS = 12 * 3600
LARGE = 2_500
"""Rows of the larger sample; above 2,000 the command makes a job."""
_WATCH_SECONDS = 0.5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Keep core, identity provider and gateway running on free loopback ports until Ctrl-C."
    parser = commands.add_parser("serve", help="keep everything running", description=text)
    parser.add_argument("--latency-ms", default="0", metavar="MS", help="let the core wait before each answer")
    add_core_option(parser)
    parser.add_argument("--port", type=int, default=0, help="of the gateway; 0, the default: a free one")
    parser.add_argument(
        "--set",
        dest="settings",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the gateway, with or without GATEWAY_; repeatable",
    )
    parser.set_defaults(run=_run)


def setting(text: str) -> tuple[str, str]:
    """Name without prefix, and value. Raises ArgumentTypeError for what is no setting."""
    name, equals, value = text.partition("=")
    name = name.removeprefix(PREFIX)
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE; it is {text!r}")
    for unknown, nearest in unknown_variables({PREFIX + name: value}):
        hint = f"; {nearest} is" if nearest else ""
        raise argparse.ArgumentTypeError(f"{unknown} is no setting{hint}")
    return name, value


def _run(options: argparse.Namespace) -> int:
    settings = {"STATUS_PAGE": "true", **dict(options.settings)}
    if "KEYCLOAK_URL" in settings:
        raise SystemExit("serve: KEYCLOAK_URL must not be set: the token that is printed is that of the sandbox")
    core, identity = ("--latency-ms", options.latency_ms), ("--access-seconds", str(TOKEN_SECONDS))
    try:
        # Who chooses how the core is called has chosen against jobs, or runs them alone.
        workers = 0 if "CORE_AUTH" in settings else 1
        with Stack(
            settings, core=core, identity=identity, port=options.port, job_workers=workers, dialect=options.core
        ) as stack:
            print(words(stack), flush=True)
            return _watch(stack)
    except KeyboardInterrupt:
        print("\nstopped")
        return 0
    except StackError as exc:
        raise SystemExit(f"serve: {exc}") from exc


def _watch(stack: Stack) -> int:
    while all(part.is_running() for part in stack.parts):
        time.sleep(_WATCH_SECONDS)
    for part in stack.parts:
        if not part.is_running():
            sys.stderr.write(f"serve: {part.name} ended:\n{part.tail()}\n")
    return 1


def words(stack: Stack) -> str:
    """What is printed once all is up."""
    sample = _write_sample(stack.folder)
    integration, action = identifier("CRM"), identifier("CRM/Get User Data")
    return f"""\
core      {_core(stack)}
identity  {stack.identity.url}  (clients and users: python -m sandbox identity --help)
gateway   {stack.gateway.url}  (pages: /docs /status /readyz /metrics)
logs      {stack.folder}

export GATEWAY={stack.gateway.url}
export TOKEN={stack.token()}
export API_KEY={stack.api_key("serve")}

curl -i -X PATCH "$GATEWAY/openapi/api/v1/actions" \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{{"data": [{{"actionId": "19353", "status": "active"}}, {{"actionId": "90404", "status": "done"}}]}}'

curl -i -X POST "$GATEWAY/openapi/api/v1/jobs" -H "Authorization: Bearer $TOKEN"   # more than a batch holds: docs/partners/large-batches.md

curl -i -X PUT "$GATEWAY/integrations/v1/{integration}/actions/{action}" \\
  -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \\
  -d '{{"name": "Get User Data v2", "inputFields": [{{"label": "User ID", "required": true}}]}}'

alias actions='PYTHONPATH={ROOT} {sys.executable} -m cli'
ACTIONS_CLIENT_SECRET={CLIENTS["partner"].secret} actions login {stack.gateway.url} --issuer {stack.identity.url}/realms/{REALM} --client-id partner
actions update {sample}
{_job_lines(stack)}
Ctrl-C stops everything."""


def _core(stack: Stack) -> str:
    if stack.core not in stack.parts:
        return f"{stack.environment()[f'{PREFIX}CORE_URL']}  (yours: the ids below are those of the sandbox's)"
    return f"{stack.core.url}  (ids 19000 to 21999; 90404, 90422 and others fail on purpose: python -m sandbox core --help)"


def _job_lines(stack: Stack) -> str:
    """What a partner types to send more than goes in batches; empty where nothing runs jobs."""
    if not stack.job_workers:
        return ""
    path = stack.folder / "large.csv"
    rows = "".join(f"{number},done\n" for number in range(FIRST_ACTION, FIRST_ACTION + LARGE))
    path.write_text(f"actionId,status\n{rows}", encoding="utf-8")
    return f"""\
actions update {path} --async   # {LARGE:,} rows: one job, which goes on by itself
actions update {path}   # follows it to its end
actions jobs
"""


def _write_sample(folder: Path) -> Path:
    """A file for the partners' command: three rows that are applied, one that the core does not know."""
    path = folder / "updates.csv"
    path.write_text(
        "actionId,status,title.en,due_date\n"
        "19353,active,Leave approval,2024-01-10 06:51:15\n"
        "19354,done,,\n"
        "19355,pending,Security training,2024-01-10T08:51:15+02:00\n"
        "90404,done,,\n",
        encoding="utf-8",
    )
    return path
