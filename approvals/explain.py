"""Why a plan needs what it needs, line by line. Called by `parley approvals explain ID`."""

from approvals import words
from approvals.policy import Policy
from bot.model.approvals import ApprovalRequest
from bot.model.ids import short
from bot.model.plans import Plan


def explain(plan: Plan, request: ApprovalRequest, policy: Policy) -> str:
    """Lines of plain text: each step with its rule, then what every rule asks for, then how long it stands."""
    lines = [
        f"Plan {short(plan.id)}, revision {plan.revision}: {plan.risk}, asked by {words.either(plan.requesters, 'and')}"
    ]
    for number, step in enumerate(plan.steps, 1):
        lines.append(
            f'{number}. {step.section.id} on {step.agent.name} is {step.section.risk}: rule "{policy.rule(step)}"'
        )
    lines += _requirements(request) or ["Nothing is needed: it is approved automatically."]
    lines.append(f"Stands until {request.expires_at:%Y-%m-%d %H:%M:%S %Z}, policy {request.policy}")
    if request.policy != policy.version:
        lines.append(f"The policy is now {policy.version}: at the claim both must be met.")
    return "\n".join(lines)


def _requirements(request: ApprovalRequest) -> list[str]:
    lines = []
    for requirement in request.requirements:
        ways = [
            words.asked(requirement, need, max(1, need.approvals), request)
            for need in requirement.needs
        ]
        rejections = (
            "one rejection ends it"
            if requirement.deny <= 1
            else f"{requirement.deny} rejections end it"
        )
        lines.append(f'Rule "{requirement.rule}": {" or ".join(ways)}; {rejections}')
    return lines
