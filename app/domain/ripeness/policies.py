"""The qualification policy as a workspace keeps it: a JSON document over the standard."""

from collections.abc import Mapping
from typing import Any

from app.domain.ripeness.qualification import Criterion, QualificationPolicy


def read_policy(document: Mapping[str, Any]) -> QualificationPolicy:
    """The policy a document stands for; what it does not mention is as in the standard.

    PolicyError names what is wrong, each thing by its pointer into the document.
    """
    standard = QualificationPolicy()
    return QualificationPolicy(
        weights={**standard.weights, **document.get("weights", {})},
        qualified_at=document.get("qualified_at", standard.qualified_at),
        disqualified_below=document.get("disqualified_below", standard.disqualified_below),
        required=document.get("required", standard.required),
        points=document.get("points", standard.points),
        knock_outs={**standard.knock_outs, **document.get("knock_outs", {})},
    )


def policy_document(policy: QualificationPolicy) -> dict[str, Any]:
    """The whole policy as a document; `points` holds only what differs from the standard."""
    return {
        "weights": {criterion.value: policy.weights[criterion] for criterion in Criterion},
        "qualified_at": policy.qualified_at,
        "disqualified_below": policy.disqualified_below,
        "required": [criterion.value for criterion in Criterion if criterion in policy.required],
        "points": {
            criterion.value: {str(answer): points for answer, points in sorted(own.items())}
            for criterion in Criterion
            if (own := policy.points.get(criterion, {}))
        },
        "knock_outs": {
            criterion.value: sorted(map(str, policy.knock_outs.get(criterion, ())))
            for criterion in Criterion
        },
    }


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch applied: objects merge member by member, a null takes a member out."""
    result = dict(document)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            present = result.get(name)
            result[name] = merged(present if isinstance(present, Mapping) else {}, value)
        else:
            result[name] = value
    return result
