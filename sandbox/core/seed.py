"""The rows of a fresh core, the same on every machine: tests and documents name them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid5

from sandbox.core.fields import KINDS, STATES
from sandbox.core.magic import MAGIC_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_ACTION = 19_000
ACTIONS = 3_000
EPOCH = 1_704_067_200  # 2024-01-01 00:00:00 UTC

_NAMESPACE = UUID("5a0db0c5-6f2e-4c1e-9a44-0d6f1f3a7b10")
_TITLES = (
    ("Leave approval", "Validation de congé"),
    ("Expense report", "Note de frais"),
    ("Security training", "Formation à la sécurité"),
    ("Contract signature", "Signature du contrat"),
    ("Yearly review", "Entretien annuel"),
    ("Equipment order", "Commande de matériel"),
    ("Travel request", "Demande de déplacement"),
)


class SeededIntegration(NamedTuple):
    """Its actions' names, each with its slug."""

    id: str
    name: str
    is_forbidden: bool
    actions: dict[str, str]


@cache
def identifier(name: str) -> str:
    """The UUID that stands for ``name`` in every sandbox."""
    return str(uuid5(_NAMESPACE, name))


def actions() -> Iterator[dict[str, Any]]:
    """All legacy actions, every field filled."""
    for action_id in (*range(FIRST_ACTION, FIRST_ACTION + ACTIONS), *MAGIC_IDS):
        yield _action(action_id)


def integrations() -> list[SeededIntegration]:
    """The integrations, each with actions; the gateway's credentials may not touch the forbidden one."""
    crm = {"Get User Data": "getUserData", "Create Ticket": "createTicket", "List Invoices": "listInvoices"}
    chat = {"Send Message": "sendMessage", "Invite Member": "inviteMember"}
    files = {"Upload File": "uploadFile", "Share Folder": "shareFolder"}
    payroll = {"Pay Salary": "paySalary"}
    return [
        SeededIntegration(identifier("CRM"), "CRM", False, crm),
        SeededIntegration(identifier("Chat"), "Chat", False, chat),
        SeededIntegration(identifier("Files"), "Files", False, files),
        SeededIntegration(identifier("Payroll"), "Payroll", True, payroll),
    ]


def integration_actions(integration: SeededIntegration) -> Iterator[dict[str, Any]]:
    """The actions of one integration, in order."""
    for order, (name, slug) in enumerate(integration.actions.items()):
        yield {
            "id": identifier(f"{integration.name}/{name}"),
            "name": name,
            "slug": slug,
            "description": f"{name} of {integration.name}.",
            "code": "export default async (input) => input;",
            "order": order,
            "input_fields": [{"label": "User ID", "type": "TEXT", "required": True}],
        }


def _action(action_id: int) -> dict[str, Any]:
    number = action_id - FIRST_ACTION
    title_en, title_fr = _TITLES[number % len(_TITLES)]
    return {
        "id": action_id,
        "category": KINDS[number % len(KINDS)],
        "type": KINDS[number // 5 % len(KINDS)],
        "state": STATES[number % len(STATES)],
        "title_en": f"{title_en} {action_id}",
        "title_fr": f"{title_fr} {action_id}",
        "subtitle_en": f"Step {number % 4 + 1} of 4",
        "subtitle_fr": f"Étape {number % 4 + 1} sur 4",
        "details_en": f"Please complete “{title_en}” before the due date.",
        "details_fr": f"Merci de terminer « {title_fr} » avant l’échéance.",
        "partners": ",".join(identifier(f"partner {number % 40 + offset}") for offset in range(number % 3 + 1)),
        "effective_at": EPOCH + number * 3_600,
        "due_at": EPOCH + number * 3_600 + 7 * 86_400,
        "expires_at": EPOCH + number * 3_600 + 30 * 86_400,
        "author": identifier(f"author {number % 25}"),
    }
